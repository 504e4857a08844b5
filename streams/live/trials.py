"""The trials and canaries that are going on, as the trainer's answers tell of them."""

from __future__ import annotations

from dataclasses import dataclass

from signalbox.events import TrainingResult, TrialProgress


@dataclass(frozen=True)
class RunningTrial:
    """One candidate and how far it has come; `lower` and `upper` bound its improvement, per decision.

    What isn't known yet is None. `needed` is what the lower bound must exceed.
    """

    tenant_id: str
    digest: str
    progress: TrialProgress | None = None
    lower: float | None = None
    upper: float | None = None
    needed: float | None = None

    @property
    def line(self) -> str:
        """The trial for a person who watches."""
        if self.progress is None:
            return f"{self.digest[:12]} begins"
        differed = f"{self.progress.disagreements:,} of {self.progress.decisions:,} decisions differed"
        if self.lower is None or self.upper is None or self.needed is None:
            return f"{self.digest[:12]}: {differed}"
        bounds = f"[{self.lower:+.3f}, {self.upper:+.3f}], must exceed {self.needed:+.3f}"
        return f"{self.digest[:12]}: {differed}; improvement in {bounds}"


class Trials:
    """At most one trial a tenant; `begun`, `promoted` and `rejected` count them."""

    def __init__(self) -> None:
        self.begun = 0
        self.promoted = 0
        self.rejected = 0
        self._running: dict[str, RunningTrial] = {}

    @property
    def running(self) -> tuple[RunningTrial, ...]:
        """Those going on, in the order of their tenants."""
        return tuple(trial for _, trial in sorted(self._running.items()))

    def result(self, event: TrainingResult) -> RunningTrial | None:
        """Take an answer into account; the trial that begins with it, if one does."""
        known = self._running.get(event.tenant_id)
        if event.verdict == "on_trial" and event.digest is not None:
            self._running[event.tenant_id] = _trial(event, event.digest)
            if event.reason != "undecided":
                self.begun += 1
                return self._running[event.tenant_id]
        elif known and _ends(event):
            del self._running[event.tenant_id]
            self.promoted += event.verdict == "promoted"
            self.rejected += event.verdict != "promoted"
        return None


def _trial(event: TrainingResult, digest: str) -> RunningTrial:
    gain = event.improvement if event.trial else None
    return RunningTrial(
        event.tenant_id,
        digest,
        event.trial,
        gain.lower if gain else None,
        gain.upper if gain else None,
        event.threshold,
    )


def _ends(event: TrainingResult) -> bool:
    if event.verdict in ("promoted", "rolled_back"):
        return True
    return event.verdict == "rejected" and (event.trial is not None or event.reason == "stale_champion")
