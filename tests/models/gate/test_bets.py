"""The screen's bets: fair prices, never broke, never wrong about the mean, sharper with a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.betting import log_fortune, lower_bound
from models.gate.bets import bettors_on, fair_price
from models.gate.evidence import Arms, Evidence, RewardMoments, Side

COIN = RewardMoments(0.5, 0.25)
BELIEFS = st.floats(0.02, 0.98)


def evidence(
    rng: np.random.Generator,
    n: int,
    propensity: float,
    chances: tuple[float, float],
    beliefs: tuple[float, float],
) -> Evidence:
    """Two agents in every experience: the candidate takes the first, the champion the second."""
    taken = rng.random(n) < propensity
    rewards = (rng.random(n) < np.where(taken, *chances)).astype(float)
    rows, ones, none = np.arange(n), np.ones(n), np.zeros(n)
    arms = Arms(
        row=np.concatenate([rows, rows]),
        difference=np.concatenate([ones, -ones]),
        logged=np.concatenate([propensity * ones, (1.0 - propensity) * ones]),
        belief=np.repeat(beliefs, n),
        taken=np.concatenate([taken, ~taken]),
    )
    first, second = (
        Side(part, part, none, none, none) for part in (taken / propensity, ~taken / (1.0 - propensity))
    )
    return Evidence(rewards, none, np.zeros(n, dtype=np.intp), first, second, arms)


@given(st.one_of(st.floats(1e-4, 300.0), st.floats(-0.9, -1e-4)), BELIEFS)
def test_at_the_fair_price_a_little_more_of_the_bet_changes_nothing(stake: float, belief: float) -> None:
    price = float(fair_price(np.array([stake]), np.array([belief]))[0])
    left, won = 1.0 - stake * price, 1.0 + stake * (1.0 - price)
    assert left > 0.0
    assert won > 0.0
    assert belief / won + (1.0 - belief) / left == pytest.approx(1.0, abs=1e-5)


def test_without_a_stake_the_fair_price_is_the_expected_reward() -> None:
    assert fair_price(np.array([0.0, 1e-9]), np.array([0.3, 0.8])).tolist() == [0.3, 0.8]


@given(st.floats(0.0, 200.0), BELIEFS, BELIEFS)
def test_the_fair_price_rises_with_the_belief_and_falls_with_the_stake(
    stake: float, one: float, other: float
) -> None:
    low, high = fair_price(np.array([stake, stake]), np.array(sorted((one, other))))
    assert low <= high + 1e-12
    dearer = fair_price(np.array([stake + 1.0]), np.array([one]))[0]
    assert dearer <= fair_price(np.array([stake]), np.array([one]))[0] + 1e-9


@given(st.integers(0, 99), st.floats(0.001, 0.9), BELIEFS, BELIEFS, st.floats(0.5, 20.0))
def test_nobody_goes_broke_whatever_the_model_says(
    seed: int, propensity: float, one: float, other: float, needed: float
) -> None:
    found = evidence(np.random.default_rng(seed), 20, propensity, (0.2, 0.8), (one, other))
    for bettor in bettors_on(found, COIN, needed):
        assert np.isfinite(bettor.log_fortune(0.999))
        assert np.isfinite(bettor.log_fortune(-1.0))


@pytest.mark.parametrize("beliefs", [(0.5, 0.5), (0.95, 0.05), (0.05, 0.95)])
@pytest.mark.parametrize("propensity", [0.02, 0.5])
def test_a_false_model_never_makes_the_fortune_grow_without_an_improvement(
    propensity: float, beliefs: tuple[float, float]
) -> None:
    """Its expectation is at most 1, so the mean of many must not be far above."""
    rng = np.random.default_rng(4)
    logs = [evidence(rng, 60, propensity, (0.6, 0.6), beliefs) for _ in range(600)]
    fortunes = np.exp([log_fortune(bettors_on(log, COIN, 2.0), 0.0) for log in logs])
    assert fortunes.mean() < 1.0 + 4.0 * fortunes.std() / np.sqrt(len(fortunes))
    assert (fortunes >= 20.0).mean() <= 0.05


def test_a_good_model_makes_the_bound_sharper() -> None:
    logs = [evidence(np.random.default_rng(seed), 2000, 0.03, (0.9, 0.5), (0.5, 0.5)) for seed in range(20)]
    informed = [evidence(np.random.default_rng(seed), 2000, 0.03, (0.9, 0.5), (0.9, 0.5)) for seed in range(20)]
    plain, sharp = (
        np.mean([lower_bound(bettors_on(log, COIN, 3.0), np.exp(-3.0)) for log in kind])
        for kind in (logs, informed)
    )
    assert plain < sharp < 0.4
