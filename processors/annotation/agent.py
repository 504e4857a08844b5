"""Chooses the decisions that deserve a label (the specification's AnnotationAgent)."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processors.annotation.candidate import Candidate, statistics_of
from processors.annotation.priority import RANK, confidence_of, ending_of, priority_of
from processors.annotation.value import (
    COMPARED,
    commonness,
    diverse,
    likeness,
    sketches,
    uncertainty,
    value_of,
)
from processors.identity import decision_hash
from signalbox.events import AnnotationRequest, Experience


@dataclass(frozen=True)
class AnnotationPolicy:
    """Below `confidence_threshold` a decision deserves a label; `budget` is how many one cycle asks for."""

    confidence_threshold: float = 0.6
    budget: int = 50


@dataclass(frozen=True)
class Selection:
    """The requests, the most urgent first, of so many decisions that were `examined`."""

    requests: list[AnnotationRequest]
    examined: int
    statistics: dict[str, Any] = field(default_factory=dict)


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
        taken already, then the oldest.
        """
        ordered = sorted(
            {item.decision_id: item for item in sorted(experiences, key=lambda e: e.revision)}.values(),
            key=lambda item: (item.occurred_at, item.decision_id),
        )
        fresh, asked = list[Experience](), list[Experience]()
        for item in ordered:
            identity = decision_hash(item.tenant_id, item.decision_id)
            (asked if identity in requested or identity in labelled else fresh).append(item)
        candidates = self._candidates(fresh)
        chosen: list[tuple[Candidate, float]] = []
        if candidates and self._policy.budget > 0:
            usual = ordered[:: -(-len(ordered) // COMPARED)]
            chosen = self._chosen(candidates, usual, asked[-COMPARED:])
        requests = [each.request(value, now_s) for each, value in chosen]
        return Selection(requests, len(ordered), statistics_of([each for each, _ in chosen]))

    def _candidates(self, fresh: Sequence[Experience]) -> list[Candidate]:
        found = []
        for item in fresh:
            ending, confidence = ending_of(item), confidence_of(item)
            judged = priority_of(ending, confidence, self._policy.confidence_threshold)
            if judged is not None:
                found.append(Candidate(item, ending, confidence, *judged))
        return found

    def _chosen(
        self, candidates: Sequence[Candidate], usual: Sequence[Experience], asked: Sequence[Experience]
    ) -> list[tuple[Candidate, float]]:
        """Candidates with the value of information that each had when it was taken.

        `usual` is an even sample of all experiences, `asked` are the newest that have a label or wait for one.
        """
        vectors = sketches([each.experience for each in candidates])
        values = value_of(
            np.array([uncertainty(each.experience, each.confidence) for each in candidates]),
            commonness(vectors, sketches(usual)),
            np.array([each.experience.reward_before_cost for each in candidates]),
            likeness(vectors, sketches(asked)),
        )
        ranks = np.array([RANK[each.priority] for each in candidates])
        return [(candidates[at], value) for at, value in diverse(vectors, values, ranks, self._policy.budget)]
