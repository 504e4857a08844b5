"""Evidence from logged experiences and two policies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.gate.evidence import UNKNOWN, Arms, Evidence, Floats, RewardModel, Side
from signalbox.events import Experience
from signalbox.policy import BaselinePolicy, DecisionFeatures, DecisionPolicy


def gather(
    experiences: Sequence[Experience],
    first: DecisionPolicy,
    second: DecisionPolicy | None,
    model: RewardModel | None = None,
) -> Evidence:
    """The experiences that carry their logged distribution, as evidence; others are left out.

    Without a `second` policy the baseline takes its place: what a router's baseline slot was logged to do.
    Without a model any agent is expected to earn `UNKNOWN`.
    """
    rows: list[tuple[float, ...]] = []
    arms = [np.empty((5, 0))]
    loggers: dict[tuple[str, str | None], int] = {}
    for item in experiences:
        decision = item.decision
        if decision.probabilities is None or not item.propensity:
            continue
        logged = np.array(decision.probabilities)
        query, candidates = DecisionFeatures.of(decision), decision.candidate_agents
        one = first.probabilities(query, candidates)
        two = _second(item, second, query, logged)
        belief = np.full(len(candidates), UNKNOWN) if model is None else model.predict(query, candidates)
        belief = np.clip(belief.astype(np.float64), 0.0, 1.0)
        chosen = candidates.index(decision.chosen_agent)
        logged[chosen] = item.propensity
        logger = loggers.setdefault((decision.slot, decision.policy_digest), len(loggers))
        sides = (*_side(one, two, logged, belief, chosen), *_side(two, one, logged, belief, chosen))
        arms.append(_arms(len(rows), one - two, logged, belief, chosen))
        rows.append((item.reward, float(belief[chosen]), logger, *sides))
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), 13).T
    row, difference, logged, belief, taken = np.concatenate(arms, axis=1)
    return Evidence(
        rewards=columns[0],
        belief=columns[1],
        logged_by=columns[2].astype(np.intp),
        first=Side(*columns[3:8]),
        second=Side(*columns[8:]),
        arms=Arms(row.astype(np.intp), difference, logged, belief, taken.astype(np.bool_)),
    )


def _second(item: Experience, second: DecisionPolicy | None, query: DecisionFeatures, logged: Floats) -> Floats:
    decision = item.decision
    if second is not None:
        return second.probabilities(query, decision.candidate_agents)
    if decision.slot == "baseline":
        result: Floats = logged / logged.sum()
        return result
    return BaselinePolicy().probabilities(query, decision.candidate_agents)


def _side(one: Floats, other: Floats, logged: Floats, belief: Floats, chosen: int) -> tuple[float, ...]:
    shown = logged > 0.0
    return (
        float(one[chosen] / logged[chosen]),
        float((one[shown] ** 2 / logged[shown]).sum()),
        float(one @ belief),
        float(np.maximum(one - other, 0.0)[~shown].sum()),
        float(one[~shown].sum()),
    )


def _arms(row: int, difference: Floats, logged: Floats, belief: Floats, chosen: int) -> Floats:
    places = np.flatnonzero((logged > 0.0) & (difference != 0.0))
    arms: Floats = np.array(
        [
            np.full(len(places), float(row)),
            difference[places],
            logged[places],
            belief[places],
            (places == chosen).astype(np.float64),
        ]
    )
    return arms
