"""What one policy, or the router's own baseline, would do with a query: a distribution over the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from signalbox.errors import InvalidEvent
from signalbox.in_force import ActivePolicy, Decider
from signalbox.policy import BaselinePolicy, DecisionFeatures
from signalbox.policy.calibration import calibrated
from signalbox.trial import best

Baseline = str | Mapping[str, float] | None


class Question(NamedTuple):
    """What is asked: the query, and who may be chosen; `confidence` is the router's own in its baseline."""

    features: DecisionFeatures
    candidates: Sequence[str]
    confidence: float | None = None


class Preference(NamedTuple):
    """The probability of each candidate; `own` tells which of them a baseline names itself."""

    probabilities: list[float]
    active: Decider | None = None
    values: Sequence[float] | NDArray[np.float64] | None = None
    own: list[bool] | None = None

    def favourites(self) -> list[bool]:
        """Which candidates are taken without exploration."""
        return best(self.probabilities) if self.own is None else self.own

    def confidence(self, place: int) -> float | None:
        """How sure whoever decides is of one candidate, in [0, 1]; None for a baseline that claims nothing."""
        if self.values is None:
            return None
        manifest = self.active.manifest if self.active else None
        return calibrated(manifest.calibration if manifest else None, float(self.values[place]))


def of_policy(active: ActivePolicy, question: Question) -> Preference:
    """What a policy would do."""
    probabilities, values = active.policy.decide(question.features, question.candidates)
    return Preference(probabilities.tolist(), active, values)


def of_baseline(baseline: Baseline, epsilon: float, question: Question, gone: frozenset[str]) -> Preference:
    """What the router would do by itself: (1 - epsilon) · its own distribution + epsilon · the uniform one.

    Agents that have `gone` get nothing; where all of them have, the candidates are taken as they are. Raises
    `InvalidEvent` for a baseline that is no distribution over the candidates.
    """
    candidates, values = question.candidates, None
    if isinstance(baseline, str):
        if baseline not in candidates:
            raise InvalidEvent("invalid", f"baseline: {baseline!r} is not among the candidates")
        if question.confidence is not None:
            values = confidences(question.confidence, candidates.index(baseline), len(candidates))
        baseline = {baseline: 1.0}
    present = [agent for agent in candidates if agent not in gone] or candidates
    try:
        shares = BaselinePolicy(baseline).probabilities(question.features, present).tolist()
    except ValueError as error:
        raise InvalidEvent("invalid", f"baseline: {error}") from None
    explored = epsilon / len(present)
    own = dict(zip(present, shares, strict=True))
    given = {agent: min((1.0 - epsilon) * share + explored, 1.0) for agent, share in own.items()}
    return Preference(
        [given.get(agent, 0.0) for agent in candidates],
        values=values,
        own=[own.get(agent, 0.0) > 0.0 for agent in candidates],
    )


def confidences(confidence: float, place: int, count: int) -> list[float]:
    """Of `count` candidates, the one at `place` is right with `confidence`; the others share what is left."""
    rest = (1.0 - confidence) / (count - 1) if count > 1 else 0.0
    return [confidence if other == place else rest for other in range(count)]
