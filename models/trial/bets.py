"""How a trial bets on its candidate.

Where champion and candidate disagree, a router draws the agent from q, the candidate with a share s (half) and
else the champion. With d = (candidate's probability - champion's) / q of the drawn agent, which lies between
-1 / (1 - s) and 1 / s and has mean 0, the mean of d (reward - even) is the candidate's improvement there, for
any constant `even`. Where they agree, it is 0.
"""

from __future__ import annotations

import numpy as np

from models.betting import Bettor, Floats, lower_bound

EVENS = {0.5: 0.6, 0.25: 0.2, 0.75: 0.2}
"""The reward that a bettor calls even, and the share of the money on it: .5 is best for rewards of 0 and 1, the
others where most rewards are low or high."""
STAKES = (0.15, 0.3, 0.6)
"""As shares of the stake that could go broke at once."""
WORSE_ERROR = 0.05
"""A trial ended by mistake costs an opportunity, a candidate promoted by mistake reward: it may happen more."""


def bettors(differences: Floats, rewards: Floats, agreements: int, share: float) -> list[Bettor]:
    """Those who bet on the mean of `differences` (n,) times `rewards` (n,) and so many zeros.

    The policy whose rewards count as positive is drawn with `share`.
    """
    counts = np.append(np.ones(len(rewards)), float(agreements))
    found = []
    for even, money in EVENS.items():
        depth = max(even / share, (1.0 - even) / (1.0 - share))
        values = np.append(differences * (rewards - even), 0.0)
        for risk in STAKES:
            stakes = np.full(len(values), risk / depth)
            found.append(Bettor(values, counts, stakes, risk, money / len(STAKES)))
    return found


def bounds(
    differences: Floats, rewards: Floats, agreements: int, share: float, error: float
) -> tuple[float, float]:
    """What the improvement a decision exceeds, but for `error`, and what it is below, but for `WORSE_ERROR`."""
    lower = lower_bound(bettors(differences, rewards, agreements, share), error)
    return lower, -lower_bound(bettors(-differences, rewards, agreements, 1.0 - share), WORSE_ERROR)
