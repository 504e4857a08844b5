"""A decision that deserves a label: the request for it, and what is counted of requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from processors.annotation.priority import DEADLINE_H, Ending
from signalbox.events import AnnotationRequest, Experience, moment_at
from signalbox.events.annotation import Priority

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Candidate:
    """An experience, and why it deserves a label."""

    experience: Experience
    ending: Ending
    confidence: float | None
    priority: Priority
    reason: str

    def request(self, value: float, now_s: float) -> AnnotationRequest:
        """The request, made now; `value` is the value of information."""
        item, decision = self.experience, self.experience.decision
        return AnnotationRequest(
            tenant_id=item.tenant_id,
            occurred_at=moment_at(now_s),
            decision_id=item.decision_id,
            priority=self.priority,
            reason=self.reason,
            due_at=moment_at(now_s + DEADLINE_H[self.priority] * _HOUR_S),
            query=decision.query,
            chosen_agent=decision.chosen_agent,
            candidate_agents=decision.candidate_agents,
            confidence=self.confidence,
            value=round(value, 6),
            reward=item.reward,
            outcome=item.outcome,
            decided_at=item.occurred_at,
            span_id=decision.span_id,
            trace_id=decision.trace_id,
        )


def statistics_of(chosen: Sequence[Candidate]) -> dict[str, Any]:
    """The specification's keys; `avg_confidence` is None where no confidence is known."""
    confidences = [each.confidence for each in chosen if each.confidence is not None]
    return {
        "total": len(chosen),
        "by_priority": dict(Counter(each.priority for each in chosen)),
        "by_outcome": dict(Counter(each.ending for each in chosen)),
        "by_agent": dict(Counter(each.experience.decision.chosen_agent for each in chosen)),
        "avg_confidence": sum(confidences) / len(confidences) if confidences else None,
    }
