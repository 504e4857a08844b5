"""What the log shows of a trial: the decisions that were drawn between champion and candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.trial import TrialUnit
from processors.training.answers import Deployed
from signalbox.events import Experience, RoutingDecision
from signalbox.events.decision import PROBABILITY_TOLERANCE
from signalbox.policy import DecisionFeatures, Policy


def units_of(
    drawn: Sequence[Experience], candidate: Deployed, champion: Deployed | None, share: float
) -> list[TrialUnit]:
    """The experiences that were drawn between champion and candidate, with what each would have done alone.

    Probabilities are the policies' own. A baseline can't be asked: what it would have done is what is left of
    the logged distribution without the candidate's `share`. Experiences that were logged with probabilities
    which are not the draw's (another champion, another share, none at all) are left out.
    """
    by_absence: dict[frozenset[str], list[Experience]] = {}
    for item in drawn:
        if item.decision.probabilities is not None and item.propensity is not None:
            by_absence.setdefault(_gone(item.decision), []).append(item)
    found = []
    for gone, items in by_absence.items():
        new, old = candidate.without(gone), champion.without(gone) if champion else None
        units = (_unit(item, new, old, share) for item in items)
        found += [unit for unit in units if unit is not None]
    return found


def _gone(decision: RoutingDecision) -> frozenset[str]:
    """The agents that had left: exploration gives every other one a chance."""
    shares = zip(decision.candidate_agents, decision.probabilities or (), strict=True)
    return frozenset(agent for agent, probability in shares if probability == 0.0)


def _unit(item: Experience, candidate: Policy, champion: Policy | None, share: float) -> TrialUnit | None:
    decision, logged = item.decision, np.array(item.decision.probabilities)
    new = shares_of(candidate, decision)
    if champion is not None:
        old = shares_of(champion, decision)
    else:
        old = np.clip((logged - share * new) / (1.0 - share), 0.0, 1.0)
    mixed = (1.0 - share) * old + share * new
    if np.abs(mixed - logged).max() > PROBABILITY_TOLERANCE:
        return None
    place = decision.candidate_agents.index(decision.chosen_agent)
    return TrialUnit(item.reward, float(old[place]), float(new[place]), float(mixed[place]))


def shares_of(policy: Policy, decision: RoutingDecision) -> NDArray[np.float64]:
    """What a policy would have done in the router's place, whose costs counted as much as the decision says."""
    return policy.probabilities(DecisionFeatures.of(decision), decision.candidate_agents)
