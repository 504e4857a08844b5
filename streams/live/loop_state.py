"""What has been seen of the loop so far: triggers, policies, trials, verdicts, and how late it is."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult
from signalbox.names import is_program
from streams.live.programs import Programs
from streams.live.trials import Trials

NOTES_KEPT = 50


@dataclass(frozen=True)
class Note:
    """One line for the person who watches; `at` is seconds since 1970."""

    at: float
    tenant_id: str
    kind: str
    text: str


class LoopState:
    """Counts and notes. Every method takes the time of what it is told, seconds since 1970."""

    def __init__(self) -> None:
        self.changed_at: int | None = None
        self.triggers = 0
        self.drift_triggers = 0
        self.published = 0
        self.adopted = 0
        self.rejected = 0
        self.trials = Trials()
        self.programs = Programs()
        self.failed = 0
        self.dead_letters: Counter[str] = Counter()
        self.notes: deque[Note] = deque(maxlen=NOTES_KEPT)
        self.adoptions: list[float] = []
        self.publish_to_adopt_s: list[float] = []
        self.trigger_to_policy_s: list[float] = []
        self._triggered_at: dict[str, float] = {}
        self._published_at: dict[tuple[str, int], float] = {}
        self._swapped_at: dict[tuple[str, int], float] = {}
        self._waiting: dict[str, float] = {}

    def changed(self, decisions: int, at: float) -> None:
        """The simulated world changed after so many decisions; being told again is no news."""
        if self.changed_at is None:
            self.changed_at = decisions
            self._note(
                at, "all", "changed", f"after {decisions:,} decisions the agents took each other's places"
            )

    def trigger(self, event: OptimizationTrigger, at: float) -> None:
        """A trigger was published; those of prompt programs are `programs`' to count."""
        if is_program(event.scope):
            self.programs.trigger(event, at)
            return
        self.triggers += 1
        self._triggered_at[event.trigger_id] = at
        if "drift" in event.reasons:
            self.drift_triggers += 1
            ago_s = max(0.0, at - (event.changed_at or event.occurred_at).timestamp())
            text = f"the rewards fell {ago_s:.1f} s ago: what was learned before is void"
            self._note(at, event.tenant_id, "drift", text)

    def result(self, event: TrainingResult, at: float) -> None:
        """A trigger was answered; promotions are told by `policy`, how a trial goes by `trials`."""
        if is_program(event.scope):
            self.programs.result(event)
            self._note(at, event.tenant_id, "program", f"{event.verdict}, {_why(event)}")
            return
        begun = self.trials.result(event)
        if begun:
            self._note(at, event.tenant_id, "on trial", f"{begun.digest[:12]}, {_why(event)}")
        if event.verdict == "rejected":
            self.rejected += 1
            self._note(at, event.tenant_id, "rejected", _why(event))
        elif event.verdict == "failed":
            self.failed += 1
            self._note(at, event.tenant_id, "failed", event.message)
        elif event.verdict == "rolled_back":
            self._note(at, event.tenant_id, "rollback", event.message)
        elif event.verdict == "promoted":
            self._note(at, event.tenant_id, "promoted", _why(event))

    def policy(self, event: PolicyUpdate, at: float) -> None:
        """A policy was published; what routers do with prompt programs isn't followed."""
        if is_program(event.scope):
            return
        key = (event.tenant_id, event.version)
        if key in self._published_at:
            return
        self.published += 1
        self._published_at[key] = at
        triggered_at = self._triggered_at.get(event.trigger_id or "")
        if triggered_at is not None:
            self.trigger_to_policy_s.append(max(0.0, at - triggered_at))
        self._match(key)

    def swapped(self, tenant_id: str, version: int, at: float) -> None:
        """A router swapped a policy in; one from before this run counts for nothing."""
        if (tenant_id, version) not in self._swapped_at:
            self._swapped_at[tenant_id, version] = at
            self._match((tenant_id, version))

    def dead_letter(self, reason: str) -> None:
        """A record was refused."""
        self.dead_letters[reason] += 1

    def reported(self, decision_id: str, at: float) -> None:
        """The first part of an outcome was sent; later ones are no news, for they change an experience."""
        self._waiting[decision_id] = at

    def experience(self, decision_id: str) -> None:
        """The worker made an experience of a decision."""
        self._waiting.pop(decision_id, None)

    @property
    def waiting(self) -> int:
        """Reported outcomes that the worker has not yet turned into experiences."""
        return len(self._waiting)

    def waiting_s(self, now: float) -> float:
        """For how long the oldest of them waits, seconds."""
        return max(0.0, now - next(iter(self._waiting.values()), now))

    def _match(self, key: tuple[str, int]) -> None:
        """A policy counts as adopted when it has been seen on Kafka and in a router, in either order."""
        if key not in self._published_at or key not in self._swapped_at:
            return
        at = self._swapped_at[key]
        taken_s = max(0.0, at - self._published_at[key])
        self.adopted += 1
        self.adoptions.append(at)
        self.publish_to_adopt_s.append(taken_s)
        self._note(at, key[0], "adopted", f"v{key[1]}, {taken_s:.2f} s after it was published")

    def _note(self, at: float, tenant_id: str, kind: str, text: str) -> None:
        self.notes.append(Note(at, tenant_id, kind, text))


def _why(event: TrainingResult) -> str:
    """The numbers of the verdict where there are any, short enough for a line; else what the trainer says."""
    if event.improvement is None or event.threshold is None:
        return event.message
    value, lower = event.improvement.value, event.improvement.lower
    numbers = f"{value:+.3f}, at least {lower:+.3f}, must exceed {event.threshold:+.3f}"
    seen = f"{event.held_out_samples:,} held out"
    if event.trial:
        seen = f"tried, {event.trial.disagreements:,} of {event.trial.decisions:,} decisions differed"
    return f"{event.reason.replace('_', ' ')}: {numbers}; {seen}"
