"""Chooses the decisions that deserve a label (the specification's AnnotationAgent)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processors.annotation.priority import DEADLINE_H, RANK, Ending, confidence_of, ending_of, priority_of
from processors.annotation.value import commonness, diverse, sketches, uncertainty, value_of
from processors.identity import decision_hash
from signalbox.events import AnnotationRequest, Experience, moment_at
from signalbox.events.annotation import Priority

_HOUR_S = 3600.0
_MOST_COMPARED = 1000
"""Of one priority; choosing takes time that grows with this times the budget."""


@dataclass(frozen=True)
class AnnotationPolicy:
    """Below `confidence_threshold` a decision deserves a label; `budget` is how many one cycle asks for."""

    confidence_threshold: float = 0.6
    budget: int = 50


@dataclass(frozen=True)
class Selection:
    """The requests, the most urgent first, of so many experiences that were `examined`."""

    requests: list[AnnotationRequest]
    examined: int
    statistics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Candidate:
    place: int
    experience: Experience
    priority: Priority
    reason: str
    ending: Ending
    value: float


class AnnotationAgent:
    """Pure: the same experiences, in any order, give the same requests."""

    def __init__(self, policy: AnnotationPolicy | None = None) -> None:
        self._policy = policy or AnnotationPolicy()

    def select(
        self,
        experiences: Sequence[Experience],
        *,
        requested: Set[int] = frozenset(),
        labelled: Set[int] = frozenset(),
        now_s: float,
    ) -> Selection:
        """Requests for labels on experiences of one tenant, each decision once in its life.

        `requested` and `labelled` are hashes (`decision_hash`) of decisions for which one was asked before, or
        given. High priority comes before medium and low; among equals what teaches most and is unlike what was
        taken already.
        """
        ordered = sorted(
            {item.decision_id: item for item in sorted(experiences, key=lambda e: e.revision)}.values(),
            key=lambda item: (item.occurred_at, item.decision_id),
        )
        candidates = self._candidates(ordered, requested, labelled)
        vectors = sketches(ordered) if candidates else np.zeros((0, 0), np.float32)
        chosen: list[_Candidate] = []
        for priority in RANK:
            left = self._policy.budget - len(chosen)
            alike = [each for each in candidates if each.priority == priority][-_MOST_COMPARED:]
            if left <= 0 or not alike:
                continue
            places = [each.place for each in alike]
            common = commonness(vectors, places)
            values = np.array(
                [
                    value_of(each.value, float(share), each.experience.reward)
                    for each, share in zip(alike, common, strict=True)
                ]
            )
            for index in diverse(vectors[places], values, left):
                each = alike[index]
                chosen.append(
                    _Candidate(
                        each.place, each.experience, priority, each.reason, each.ending, float(values[index])
                    )
                )
        requests = [_request(each, now_s) for each in chosen]
        return Selection(requests, len(ordered), _statistics(chosen))

    def _candidates(
        self, ordered: Sequence[Experience], requested: Set[int], labelled: Set[int]
    ) -> list[_Candidate]:
        found = []
        for place, item in enumerate(ordered):
            identity = decision_hash(item.tenant_id, item.decision_id)
            if identity in requested or identity in labelled:
                continue
            ending, confidence = ending_of(item), confidence_of(item)
            judged = priority_of(ending, confidence, self._policy.confidence_threshold)
            if judged is not None:
                found.append(_Candidate(place, item, *judged, ending, uncertainty(item, confidence)))
        return found


def _request(each: _Candidate, now_s: float) -> AnnotationRequest:
    item, decision = each.experience, each.experience.decision
    return AnnotationRequest(
        tenant_id=item.tenant_id,
        occurred_at=moment_at(now_s),
        decision_id=item.decision_id,
        priority=each.priority,
        reason=each.reason,
        due_at=moment_at(now_s + DEADLINE_H[each.priority] * _HOUR_S),
        query=decision.query,
        chosen_agent=decision.chosen_agent,
        candidate_agents=decision.candidate_agents,
        confidence=confidence_of(item),
        value=round(min(max(each.value, 0.0), 1.0), 6),
        reward=item.reward,
        outcome=item.outcome,
        decided_at=item.occurred_at,
        span_id=decision.span_id,
        trace_id=decision.trace_id,
    )


def _statistics(chosen: Sequence[_Candidate]) -> dict[str, Any]:
    confidences = [c for each in chosen if (c := confidence_of(each.experience)) is not None]
    return {
        "total": len(chosen),
        "by_priority": dict(Counter(each.priority for each in chosen)),
        "by_outcome": dict(Counter(each.ending for each in chosen)),
        "by_agent": dict(Counter(each.experience.decision.chosen_agent for each in chosen)),
        "avg_confidence": sum(confidences) / len(confidences) if confidences else None,
    }
