"""How many decisions a learner needs after a change until it earns nearly what it earned before."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchmarks.drift.changes import Changing
from benchmarks.learning.per_event import EventLearner

SHARE = 0.9
WINDOW = 250
"""Decisions whose mean must be at least that share of the mean before the change."""
BEFORE = 1_000
WATCHED = 2_000
"""Decisions after the change that are looked at however soon the reward is back."""


class Recovery(Struct, frozen=True, kw_only=True):
    """`decisions` after the change, all that there were where the reward never came back."""

    decisions: int
    recovered: bool
    before: float
    later: float
    """Mean rewards of the decisions before the change, and of the 1,501st to the 2,000th after it."""


def run_through(changing: Changing, learner: EventLearner) -> Recovery:
    """Decide every query, learn from each, and look at the rewards around the change."""
    stream = changing.stream
    rewards = np.zeros(len(stream))
    for place, (query, received) in enumerate(zip(stream.queries, stream.received.tolist(), strict=True)):
        rewards[place] = received[chosen := learner.decide(query)]
        learner.learn(received[chosen])
    return recovery_in(rewards, changing.changed_at)


def recovery_in(rewards: NDArray[np.float64], at: int) -> Recovery:
    """What the rewards of all decisions show of a change before decision `at`."""
    before, after = float(rewards[max(at - BEFORE, 0) : at].mean()), rewards[at:]
    sums = np.concatenate([[0.0], np.cumsum(after)])
    means = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW
    back = np.flatnonzero(means >= SHARE * before)
    return Recovery(
        decisions=int(back[0]) + WINDOW if len(back) else len(after),
        recovered=len(back) > 0,
        before=before,
        later=float(after[1_500:WATCHED].mean()),
    )
