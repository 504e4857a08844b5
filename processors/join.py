"""Decisions meet their outcomes: inline, late, early, in parts, twice, or never.

An experience is made as soon as a decision's first outcome is known, and again, as a higher revision, when a
further part changes it. A decision whose signals are complete is settled and its bytes are let go; all others
wait until the watermark passes the end of their join window.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from msgspec import Raw, Struct, json
from msgspec.structs import replace

from processors.identity import decision_hash
from processors.rows import RowLog
from processors.seen import BUCKET_S, SeenDecisions
from signalbox.errors import Unusable
from signalbox.events import RoutingDecision, RoutingOutcome, Signals, decode, epoch_s

EXPIRED_PER_BATCH = 5000
"""At most so many decisions are looked at per batch when their time is over, so that no batch takes long."""


@dataclass(frozen=True)
class JoinPolicy:
    """Times are seconds of event time; without a `default_reward`, a decision without outcome is skipped."""

    window_s: int = 600
    remember_s: int = 86_400
    default_reward: float | None = None

    @property
    def silence_s(self) -> int:
        """A source topic this far behind the other is taken for silent and no longer waited for."""
        return 6 * self.window_s


class Waiting(Struct, frozen=True, array_like=True, gc=False):
    """A decision that may still get (more of) its outcome."""

    hash: int
    occurred_s: float
    tenant_key: str
    tenant_id: str
    decision_id: str
    agent: str
    modality: str
    propensity: float | None
    raw: bytes


class Part(Struct, frozen=True, array_like=True, gc=False):
    """One outcome of a decision: its event time, and the record that it came in (stamp in milliseconds)."""

    occurred_s: float
    offset: int
    timestamp: int
    key: bytes
    value: bytes


class Parts(Struct, frozen=True, array_like=True, gc=False):
    """The outcomes known of a decision that is not settled; without a decision yet they are early."""

    occurred_s: float
    revision: int
    parts: tuple[Part, ...]


class Joined(Struct, frozen=True, array_like=True, gc=False):
    """What the join found out: an experience to be made, in place of the one with `previous` signals."""

    decision: Waiting
    signals: Signals
    revision: int
    source: str
    previous: Signals | None = None


class Join:
    """The join of one partition; every row that must survive a crash is in one of its row logs."""

    def __init__(self, policy: JoinPolicy) -> None:
        self.policy = policy
        self.waiting: dict[int, Waiting] = {}
        self.outcomes: dict[int, Parts] = {}
        self.settled: dict[int, float] = {}
        self.seen = SeenDecisions(policy.window_s)
        self.expired_until_s = 0.0
        self.refused: list[Part] = []
        self._due: dict[int, list[int]] = {}
        self._due_order: list[int] = []
        self._known_after_s = 0.0
        self.waiting_rows: RowLog[int] = RowLog(
            "waiting",
            lambda _, h: self.waiting.get(h),
            lambda _, hashes: list(filter(self.waiting.__contains__, hashes)),
        )
        self.outcome_rows: RowLog[int] = RowLog(
            "outcome",
            lambda _, h: self._outcome_row(h),
            lambda _, hashes: list(filter(self.outcomes.__contains__, hashes)),
        )
        self.settled_rows: RowLog[int] = RowLog(
            "settled",
            lambda _, h: self._settled_row(h),
            lambda _, hashes: list(filter(self.settled.__contains__, hashes)),
        )
        self.seen_rows: RowLog[int] = RowLog(
            "seen",
            lambda bucket, h: h if self._remembers(bucket) else None,
            lambda bucket, hashes: hashes if self._remembers(bucket) else (),
            hashes_only=True,
        )

    def decide(self, decision: RoutingDecision, raw: bytes, tenant_key: str, source: str) -> Joined | None:
        """Take in a decision; an experience if its outcome is known already."""
        occurred_s = epoch_s(decision.occurred_at)
        if occurred_s < self._known_after_s:
            raise Unusable("too_late", f"decision {decision.decision_id!r}: older than the memory of decisions")
        identity = decision_hash(decision.tenant_id, decision.decision_id)
        if self.seen.contains(identity, occurred_s):
            return self._second_report(identity, decision, raw, source)
        self.seen.add(identity, occurred_s)
        self.seen_rows.touch(int(occurred_s // BUCKET_S), identity)
        waiting = Waiting(
            identity,
            occurred_s,
            tenant_key,
            decision.tenant_id,
            decision.decision_id,
            decision.chosen_agent,
            decision.modality,
            decision.propensity,
            raw,
        )
        early = self._early(identity, occurred_s)
        if decision.outcome is not None and not decision.outcome.is_empty and early is None:
            return self._first(waiting, decision.outcome, source)
        self._wait(waiting)
        if early is None:
            return None
        signals = _merge(early.parts)
        if decision.outcome is not None:
            signals = decision.outcome.updated_with(signals)
        return self._conclude(waiting, signals, replace(early, occurred_s=occurred_s), source)

    def result(self, outcome: RoutingOutcome, part: Part, source: str) -> Joined | None:
        """Take in an outcome, whole or in part; an experience if it changes what is known."""
        identity = decision_hash(outcome.tenant_id, outcome.decision_id)
        waiting = self.waiting.get(identity)
        if waiting is None:
            self._without_decision(identity, outcome, part)
            return None
        if abs(part.occurred_s - waiting.occurred_s) > self.policy.window_s:
            raise self._too_late(outcome, part.occurred_s - waiting.occurred_s)
        known = self.outcomes.get(identity)
        if known is None:
            return self._first(waiting, outcome.signals(), source, part)
        before = self._signals(waiting, known)
        known = replace(known, parts=(*known.parts, part), revision=known.revision + 1)
        signals = self._signals(waiting, known)
        if signals == before:
            return None
        return replace(self._conclude(waiting, signals, known, source), previous=before)

    def expire(self, watermark_s: float) -> tuple[list[Waiting], list[Part]]:
        """Let go of what the watermark has passed: decisions without outcome, outcomes without decision."""
        never: list[Waiting] = []
        orphans: list[Part] = []
        looked_at = 0
        while self._due_order and self._due_order[0] < watermark_s and looked_at < EXPIRED_PER_BATCH:
            second = heappop(self._due_order)
            for identity in sorted(self._due.pop(second)):  # a recovered join gives them in the same order
                occurred_s = self._time_of(identity)
                if occurred_s is None or self._due_at(occurred_s) != second:
                    continue  # an early outcome was filed under its own time, before its decision's was known
                looked_at += 1
                # A late decision's time may be over already; what has expired never comes back.
                self.expired_until_s = max(self.expired_until_s, second)
                waiting = self.waiting.pop(identity, None)
                known = self.outcomes.pop(identity, None)
                self.settled.pop(identity, None)
                if waiting is None and known is not None:
                    orphans += known.parts
                elif waiting is not None and known is None:
                    never.append(waiting)
        return never, orphans

    def forget(self, event_s: float) -> None:
        """Forget decisions older than the memory, counted from the newest event time."""
        self._known_after_s = max(self._known_after_s, event_s - self.policy.remember_s)
        self.seen.forget(self._known_after_s)

    def take_refused(self) -> list[Part]:
        """The early outcomes that turned out to lie too far from their decision."""
        refused, self.refused = self.refused, []
        return refused

    def row_logs(self) -> tuple[RowLog[int], ...]:
        """The logs whose chunks make up this state."""
        return self.waiting_rows, self.outcome_rows, self.settled_rows, self.seen_rows

    def restore(self, kind: str, tag: int, rows: list[Any]) -> list[int]:
        """Take in a recovered chunk, older ones first; the ids of its rows."""
        if kind == "seen":
            self.seen.extend(rows, tag)
            return rows
        for row in rows:
            if kind == "waiting":
                self.waiting[row[0]] = Waiting(*row)
            elif kind == "outcome":
                identity, occurred_s, revision, parts = row
                self.outcomes[identity] = Parts(occurred_s, revision, tuple(Part(*p) for p in parts))
            else:
                self.settled[row[0]] = row[1]
        return [row[0] for row in rows]

    def restored(self) -> None:
        """Let go of recovered rows that had died: what is expired or, because it is settled, no longer waits.

        An outcome's row has its decision's time once they met. One with another time, or whose decision was
        seen and doesn't wait, is an old copy.
        """
        settled = self.settled = {i: s for i, s in self.settled.items() if self._lives(s)}
        waiting = self.waiting = {
            i: w for i, w in self.waiting.items() if i not in settled and self._lives(w.occurred_s)
        }
        self.outcomes = {
            i: known
            for i, known in self.outcomes.items()
            if i not in settled
            and self._lives(known.occurred_s)
            and (
                known.occurred_s == waiting[i].occurred_s
                if i in waiting
                else not self.seen.contains(i, known.occurred_s)
            )
        }
        for identity in {*self.waiting, *self.outcomes, *self.settled}:
            occurred_s = self._time_of(identity)
            if occurred_s is not None:
                self._note_due(identity, occurred_s)

    def _second_report(
        self, identity: int, decision: RoutingDecision, raw: bytes, source: str
    ) -> Joined | None:
        """A decision that was reported before counts once, but it may bring the outcome that was missing."""
        waiting = self.waiting.get(identity)
        brought = decision.outcome
        if waiting is None or identity in self.outcomes or brought is None or brought.is_empty:
            return None
        return self._first(replace(waiting, raw=_with_outcome(waiting.raw, raw)), brought, source)

    def _first(
        self, waiting: Waiting, signals: Signals, source: str, part: Part | None = None
    ) -> Joined | None:
        if part is None and not signals.is_complete:
            self._wait(waiting)
        known = Parts(waiting.occurred_s, 0, (part,) if part else ())
        if part is not None:
            inline = _inline(waiting)
            signals = inline.updated_with(signals) if inline else signals
        return self._conclude(waiting, signals, known, source)

    def _conclude(self, waiting: Waiting, signals: Signals, known: Parts, source: str) -> Joined:
        identity = waiting.hash
        if signals.is_complete:
            if self.waiting.pop(identity, None) is None:
                self._note_due(identity, waiting.occurred_s)
            self.outcomes.pop(identity, None)
            self.settled[identity] = waiting.occurred_s
            self.settled_rows.touch(0, identity)
        else:
            self.outcomes[identity] = known
            self.outcome_rows.touch(0, identity)
        return Joined(waiting, signals, known.revision, source)

    def _without_decision(self, identity: int, outcome: RoutingOutcome, part: Part) -> None:
        settled_s = self.settled.get(identity)
        if settled_s is not None:
            if abs(part.occurred_s - settled_s) > self.policy.window_s:
                raise self._too_late(outcome, part.occurred_s - settled_s)
            return
        if part.occurred_s < self.expired_until_s - self.policy.window_s or self.seen.contains(
            identity, part.occurred_s
        ):
            raise Unusable(
                "too_late", f"outcome of {outcome.decision_id!r}: its decision's join window has ended"
            )
        known = self.outcomes.get(identity)
        if known is None:
            known = Parts(part.occurred_s, 0, (part,))
            self._note_due(identity, part.occurred_s)
        else:
            known = replace(known, parts=(*known.parts, part))
        self.outcomes[identity] = known
        self.outcome_rows.touch(0, identity)

    def _too_late(self, outcome: RoutingOutcome, late_s: float) -> Unusable:
        return Unusable(
            "too_late",
            f"outcome of {outcome.decision_id!r}: {late_s:.0f} s after its decision,"
            f" the join window is {self.policy.window_s} s",
        )

    def _wait(self, waiting: Waiting) -> None:
        if waiting.hash not in self.waiting:
            self._note_due(waiting.hash, waiting.occurred_s)
        self.waiting[waiting.hash] = waiting
        self.waiting_rows.touch(0, waiting.hash)

    def _note_due(self, identity: int, occurred_s: float) -> None:
        second = self._due_at(occurred_s)
        identities = self._due.get(second)
        if identities is None:
            self._due[second] = [identity]
            heappush(self._due_order, second)
        else:
            identities.append(identity)

    def _due_at(self, occurred_s: float) -> int:
        """The whole second of event time at which a decision of `occurred_s` stops waiting."""
        return int(occurred_s) + self.policy.window_s + 1

    def _lives(self, occurred_s: float) -> bool:
        return self._due_at(occurred_s) > self.expired_until_s

    def _time_of(self, identity: int) -> float | None:
        waiting = self.waiting.get(identity)
        if waiting is not None:
            return waiting.occurred_s
        settled_s = self.settled.get(identity)
        if settled_s is not None:
            return settled_s
        known = self.outcomes.get(identity)
        return None if known is None else known.occurred_s

    def _early(self, identity: int, occurred_s: float) -> Parts | None:
        """The outcomes that came before their decision, without those too far from it."""
        early = self.outcomes.get(identity)
        if early is None:
            return None
        near = tuple(p for p in early.parts if abs(p.occurred_s - occurred_s) <= self.policy.window_s)
        self.refused += [p for p in early.parts if p not in near]
        if near:
            return replace(early, parts=near)
        del self.outcomes[identity]
        return None

    def _signals(self, waiting: Waiting, known: Parts) -> Signals:
        signals = _merge(known.parts)
        inline = _inline(waiting)
        return inline.updated_with(signals) if inline else signals

    def _outcome_row(self, identity: int) -> Any:
        known = self.outcomes.get(identity)
        return None if known is None else (identity, known.occurred_s, known.revision, known.parts)

    def _settled_row(self, identity: int) -> Any:
        occurred_s = self.settled.get(identity)
        return None if occurred_s is None else (identity, occurred_s)

    def _remembers(self, bucket: int) -> bool:
        return (bucket + 1) * BUCKET_S > self._known_after_s


def _merge(parts: tuple[Part, ...]) -> Signals:
    """All parts together; of a signal that several have, the newest by event time counts."""
    signals = Signals()
    for part in sorted(parts, key=lambda p: (p.occurred_s, p.offset)):
        signals = signals.updated_with(decode(RoutingOutcome, part.value).signals())
    return signals


def _with_outcome(first: bytes, second: bytes) -> bytes:
    """The first report of a decision with the outcome of the second, and nothing else of that."""
    fields = json.decode(first, type=dict[str, Raw])
    fields["outcome"] = json.decode(second, type=dict[str, Raw])["outcome"]
    return json.encode(fields)


def _inline(waiting: Waiting) -> Signals | None:
    # The decision's own bytes say whether it brought an outcome: nothing else has to be kept for it.
    if b'"outcome"' not in waiting.raw:
        return None
    return decode(RoutingDecision, waiting.raw).outcome
