"""How the screen bets on a candidate: on the doubly robust difference, at prices that the stake makes fair.

The value of an experience is sum_a (first - second)(a) m(a) + w (reward - m(chosen)), with w the difference of
the importance weights. Its mean is the improvement for any outcome model m that doesn't depend on the reward.
With m the expected rewards it varies least, but a failure of an agent with a large weight would cost nearly all
of the bettor's money, so she could stake little. What she needs is not the expected reward but the price at
which a little more of the bet neither adds to nor takes from the expected logarithm of her fortune: the m at
which the expectation of 1 / (1 + s (reward - m)) is 1, s being her stake times the weight. It is near the
expected reward where s is small, and below 1 / s where s is large.
"""

from __future__ import annotations

import numpy as np

from models.betting import MOST, Bettor
from models.gate.evidence import UNKNOWN, Evidence, Floats, RewardMoments

_TRUSTS = (1.0, 0.5)
"""Bettors believe the model, or half of it: it may have learned from few examples."""
_LARGEST_STAKE = 0.25
_LEAST_MOMENT = 0.1
"""Of the largest: a few contexts in which the policies happen to agree must not outweigh all others."""
_LEAST_SQUARE = 1e-6
_DOUBT = 0.02
"""No reward is certain; a bettor who thought so would stake all that she has."""
_SMALL = 1e-6


def fair_price(stakes: Floats, beliefs: Floats) -> Floats:
    """The m at which E[1 / (1 + stake (reward - m))] = 1, for a reward of 1 with probability `beliefs`, else 0.

    Stakes may have either sign. u = 1 - stake m, what is left after a reward of 0, is the larger root of
    u^2 + (stake - 1) u - (1 - belief) stake = 0; then u >= 0 and u + stake >= 0.
    """
    half = (1.0 - stakes) / 2.0
    left = half + np.sqrt(np.maximum(half * half + (1.0 - beliefs) * stakes, 0.0))
    small = np.abs(stakes) < _SMALL
    result: Floats = np.where(small, beliefs, (1.0 - left) / np.where(small, 1.0, stakes))
    return result


def bettors_on(evidence: Evidence, expected: RewardMoments, needed: float) -> list[Bettor]:
    """Those who bet that the first policy earns more than the second, hoping to make exp(`needed`) of 1.

    A logging policy whose weights vary less counts for more, in inverse proportion to their second moment,
    which depends on the contexts and the model alone. What the log could not show is taken to be worst for the
    first.
    """
    arms = evidence.arms
    noise = arms.belief * (1.0 - arms.belief) * expected.dispersion
    spread = evidence.per_row(arms.difference**2 / arms.logged * noise)
    scale = _scale(spread, evidence)
    moment = max(float((scale * scale * spread).mean()), _LEAST_SQUARE)
    # What makes the bound highest, if the moment is right: Waudby-Smith and Ramdas, section 3.2.
    best = np.sqrt(2.0 * needed / (len(evidence) * moment))
    stakes = min(best, _LARGEST_STAKE / scale.max()) * scale
    found = []
    for trust in _TRUSTS:
        beliefs = np.clip(trust * arms.belief + (1.0 - trust) * UNKNOWN, _DOUBT, 1.0 - _DOUBT)
        found.append(_bettor(evidence, stakes, beliefs, 1.0 / len(_TRUSTS)))
    return found


def _scale(spread: Floats, evidence: Evidence) -> Floats:
    sums, counts = np.bincount(evidence.logged_by, spread), np.bincount(evidence.logged_by)
    moments = sums / np.maximum(counts, 1)
    least = max(float(moments.max()) * _LEAST_MOMENT, _LEAST_SQUARE)
    scale: Floats = 1.0 / np.maximum(moments, least)[evidence.logged_by]
    return scale


def _bettor(evidence: Evidence, stakes: Floats, beliefs: Floats, money: float) -> Bettor:
    arms = evidence.arms
    ratio = arms.difference / arms.logged
    # The rest of a value and any hypothesised mean take at most 1 + MOST stakes; the prices share what is left.
    room = 1.0 - (1.0 + MOST) * stakes[arms.row]
    prices = fair_price(stakes[arms.row] * ratio / room, beliefs)
    correction = np.where(arms.taken, ratio * (evidence.rewards[arms.row] - prices), 0.0)
    values = evidence.per_row(arms.difference * prices + correction) - evidence.second.hidden
    return _compressed(values, stakes, money)


def _compressed(values: Floats, stakes: Floats, money: float) -> Bettor:
    """The bettor on these, agreements (values of 0) counted and not listed."""
    kept = values != 0.0
    idle, counts = np.unique(stakes[~kept], return_counts=True)
    return Bettor(
        values=np.concatenate([values[kept], np.zeros(len(idle))]),
        counts=np.concatenate([np.ones(int(kept.sum())), counts.astype(np.float64)]),
        stakes=np.concatenate([stakes[kept], idle]),
        depth=1.0 - MOST * float(stakes.max()),
        money=money,
    )
