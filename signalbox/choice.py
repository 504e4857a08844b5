"""Who decides, and what is drawn: champion or baseline, a canary alone, or a trial between two."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from signalbox.events import RoutingDecision, Slot
from signalbox.in_force import ActivePolicy, Decider, InForce
from signalbox.policy import DecisionFeatures
from signalbox.preference import Baseline, Preference, Question, of_baseline, of_policy
from signalbox.trial import decided_by_canary, mixture


class Choice(NamedTuple):
    """A distribution over the candidates, the place drawn from it, and who gave it.

    `explored` says that nobody would have taken that place without exploration. `trial_digest` is the
    candidate's where the draw was between two policies; the others are then the champion's.
    """

    probabilities: list[float]
    place: int
    explored: bool
    active: Decider | None
    confidence: float | None
    trial_digest: str | None = None

    @property
    def slot(self) -> Slot:
        """Whose decision it is."""
        return self.active.slot if self.active else "baseline"

    def event(self, features: DecisionFeatures, candidates: Sequence[str], **given: Any) -> RoutingDecision:
        """The event of this choice; `given` are the fields that don't follow from it and what was asked."""
        active = self.active
        return RoutingDecision(
            query=features.query,
            candidate_agents=tuple(candidates),
            chosen_agent=candidates[self.place],
            probabilities=tuple(self.probabilities),
            propensity=self.probabilities[self.place],
            explored=self.explored,
            confidence=self.confidence,
            slot=self.slot,
            policy_digest=active.digest if active else None,
            policy_version=active.version if active else None,
            trial_digest=self.trial_digest,
            cost_weight=features.cost_weight,
            modality=features.modality,  # type: ignore[arg-type]  # checked when the event is encoded
            enhanced_query=features.enhanced_query,
            query_analysis=dict(features.query_analysis or {}),
            entities=tuple(features.entities),
            relationships=tuple(features.relationships),
            **given,
        )


class Chooser:
    """Draws choices; `epsilon` is the exploration around the baseline, before the first policy."""

    def __init__(self, epsilon: float, random: Random) -> None:
        self._epsilon = epsilon
        self._random = random

    def choose(self, question: Question, in_force: InForce, baseline: Baseline, decision_id: str) -> Choice:
        """Choose by what is in force; raises `InvalidEvent` for an unusable baseline."""
        canary = in_force.canary
        if canary is None:
            return self.alone(self._leading(question, in_force, baseline))
        if canary.reason == "canary":
            if decided_by_canary(decision_id, canary.share):
                return self.alone(of_policy(canary, question))
            return self.alone(self._leading(question, in_force, baseline))
        leading, candidate = self._leading(question, in_force, baseline), of_policy(canary, question)
        if leading.favourites() == candidate.favourites():
            return self.alone(leading)
        return self._between(leading, candidate, canary)

    def _leading(self, question: Question, in_force: InForce, baseline: Baseline) -> Preference:
        if in_force.champion is not None:
            return of_policy(in_force.champion, question)
        return of_baseline(baseline, self._epsilon, question, in_force.cards.gone)

    def alone(self, preference: Preference) -> Choice:
        """Draw from one distribution."""
        probabilities = preference.probabilities
        place = self._draw(probabilities)
        explored = probabilities[place] < max(probabilities)
        return Choice(probabilities, place, explored, preference.active, preference.confidence(place))

    def _between(self, leading: Preference, candidate: Preference, canary: ActivePolicy) -> Choice:
        probabilities = mixture(leading.probabilities, candidate.probabilities, canary.share)
        place = self._draw(probabilities)
        explored = not (leading.favourites()[place] or candidate.favourites()[place])
        confidence = leading.confidence(place)
        return Choice(probabilities, place, explored, leading.active, confidence, canary.digest)

    def _draw(self, probabilities: Sequence[float]) -> int:
        """A place, each with its probability; one whose probability is 0 is never drawn."""
        bounds = list(accumulate(probabilities))
        # Rounding may lift the product to the last bound itself, behind which there is nothing.
        return bisect_right(bounds, min(self._random.random() * bounds[-1], math.nextafter(bounds[-1], 0.0)))
