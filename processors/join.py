"""Decisions meet their outcomes: inline, late, early, in parts, twice, or never.

An experience is made as soon as a decision's first outcome is known, and again, as a higher revision, when a
further part changes it. A decision whose signals are complete is settled and its bytes are let go; all others
wait until the watermark passes the end of their join window.
"""

from __future__ import annotations

from msgspec.structs import replace

from processors.identity import decision_hash
from processors.intake import SourceRecord
from processors.join_state import JoinPolicy, JoinState
from processors.waiting import Joined, Part, Parts, Waiting, inline_outcome, merged, with_outcome
from signalbox.errors import Unusable
from signalbox.events import RoutingDecision, RoutingOutcome, Signals


class Join(JoinState):
    """The rules of the join of one partition."""

    def __init__(self, policy: JoinPolicy) -> None:
        super().__init__(policy)
        self.refused: list[Part] = []

    def decide(
        self, decision: RoutingDecision, occurred_s: float, raw: bytes, tenant_key: str
    ) -> Joined | None:
        """Take in a decision; an experience if its outcome is known already."""
        if occurred_s < self._known_after_s:
            raise Unusable("too_late", f"decision {decision.decision_id!r}: older than the memory of decisions")
        identity = decision_hash(decision.tenant_id, decision.decision_id)
        if self.seen.contains(identity, occurred_s):
            return self._second_report(identity, decision, raw)
        self.seen_rows.touch(self.seen.add(identity, occurred_s), identity)
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
            decision.cost_weight,
        )
        inline = decision.outcome
        early = self.outcomes.get(identity)
        if early is not None:
            early = self._near(identity, early, occurred_s)
        if early is not None:
            self._wait(waiting)
            signals = merged(early.parts)
            if inline is not None:
                signals = inline.updated_with(signals)
            return self._conclude(waiting, signals, replace(early, occurred_s=occurred_s))
        if inline is None or inline.is_empty:
            self._wait(waiting)
            return None
        return self._inline(waiting, inline)

    def result(self, outcome: RoutingOutcome, occurred_s: float, record: SourceRecord) -> Joined | None:
        """Take in an outcome, whole or in part; an experience if it changes what is known."""
        identity = decision_hash(outcome.tenant_id, outcome.decision_id)
        waiting = self.waiting.get(identity)
        if waiting is None:
            self._without_decision(identity, outcome, occurred_s, record)
            return None
        if abs(occurred_s - waiting.occurred_s) > self.policy.window_s:
            raise self._too_late(outcome, occurred_s - waiting.occurred_s)
        known = self.outcomes.get(identity)
        if known is None:
            # Nothing came with the decision either: that would be known.
            signals = outcome.signals()
            if signals.is_complete:
                return self._settle(waiting, signals)
            return self._conclude(
                waiting, signals, Parts(waiting.occurred_s, 0, (Part.of(record, occurred_s),))
            )
        before = self._signals(waiting, known)
        parts = (*known.parts, Part.of(record, occurred_s))
        known = replace(known, parts=parts, revision=known.revision + 1)
        signals = self._signals(waiting, known)
        if signals == before:
            return None
        return replace(self._conclude(waiting, signals, known), previous=before)

    def take_refused(self) -> list[Part]:
        """The early outcomes that turned out to lie too far from their decision."""
        refused, self.refused = self.refused, []
        return refused

    def _second_report(self, identity: int, decision: RoutingDecision, raw: bytes) -> Joined | None:
        """A decision that was reported before counts once, but it may bring the outcome that was missing."""
        waiting = self.waiting.get(identity)
        brought = decision.outcome
        if waiting is None or identity in self.outcomes or brought is None or brought.is_empty:
            return None
        return self._inline(replace(waiting, raw=with_outcome(waiting.raw, raw)), brought)

    def _inline(self, waiting: Waiting, signals: Signals) -> Joined:
        if not signals.is_complete:
            self._wait(waiting)
        return self._conclude(waiting, signals, Parts(waiting.occurred_s, 0, ()))

    def _conclude(self, waiting: Waiting, signals: Signals, known: Parts) -> Joined:
        if signals.is_complete:
            return self._settle(waiting, signals, known.revision)
        self.outcomes[waiting.hash] = known
        self.outcome_rows.touch(0, waiting.hash)
        return Joined(waiting, signals, known.revision)

    def _settle(self, waiting: Waiting, signals: Signals, revision: int = 0) -> Joined:
        identity = waiting.hash
        if self.waiting.pop(identity, None) is None:
            self._note_due(identity, waiting.occurred_s)
        self.outcomes.pop(identity, None)
        self.settled[identity] = waiting.occurred_s
        self.settled_rows.touch(0, identity)
        return Joined(waiting, signals, revision)

    def _without_decision(
        self, identity: int, outcome: RoutingOutcome, occurred_s: float, record: SourceRecord
    ) -> None:
        settled_s = self.settled.get(identity)
        if settled_s is not None:
            if abs(occurred_s - settled_s) > self.policy.window_s:
                raise self._too_late(outcome, occurred_s - settled_s)
            return
        if occurred_s < self.expired_until_s - self.policy.window_s or self.seen.contains(identity, occurred_s):
            raise Unusable(
                "too_late", f"outcome of {outcome.decision_id!r}: its decision's join window has ended"
            )
        part = Part.of(record, occurred_s)
        known = self.outcomes.get(identity)
        if known is None:
            known = Parts(occurred_s, 0, (part,))
            self._note_due(identity, occurred_s)
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

    def _near(self, identity: int, early: Parts, occurred_s: float) -> Parts | None:
        """The outcomes that came before their decision, without those too far from it."""
        near = tuple([p for p in early.parts if abs(p.occurred_s - occurred_s) <= self.policy.window_s])
        if len(near) == len(early.parts):
            return early
        self.refused += [p for p in early.parts if p not in near]
        if near:
            return replace(early, parts=near)
        del self.outcomes[identity]
        return None

    def _signals(self, waiting: Waiting, known: Parts) -> Signals:
        signals = merged(known.parts)
        inline = inline_outcome(waiting)
        return inline.updated_with(signals) if inline else signals
