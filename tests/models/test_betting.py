"""The betting bound: it covers, it narrows, and it survives skew."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.betting import LEAST, Bettor, log_fortune, lower_bound


def bettor(values: Any, stake: float = 0.3, depth: float = 0.0, money: float = 1.0) -> Bettor:
    values = np.asarray(values, dtype=float)
    return Bettor(values, np.ones(len(values)), np.full(len(values), stake), depth, money)


def test_constant_values_are_approached_from_below() -> None:
    bounds = [lower_bound([bettor(np.full(n, 0.5), 2.0 / np.sqrt(n))], 0.05) for n in (10, 100, 1000, 100_000)]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(0.5, abs=0.02)
    assert all(bound < 0.5 for bound in bounds)


def test_a_smaller_error_gives_a_lower_bound() -> None:
    values = np.random.default_rng(0).random(300)
    assert lower_bound([bettor(values)], 0.001) < lower_bound([bettor(values)], 0.1) < values.mean()


def test_too_little_evidence_gives_the_least_possible_mean() -> None:
    assert lower_bound([bettor([0.5])], 1e-9) == LEAST


@given(
    st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=30),
    st.floats(0.01, 0.4),
    st.randoms(use_true_random=False),
)
def test_fortune_falls_as_the_hypothesis_rises_and_no_order_matters(
    values: list[float], stake: float, random: Any
) -> None:
    before = bettor(values, stake, depth=stake)
    fortunes = [log_fortune([before], mean) for mean in (-0.5, 0.0, 0.5, 0.9)]
    assert fortunes == sorted(fortunes, reverse=True)
    random.shuffle(values)
    assert bettor(values, stake, stake).log_fortune(0.1) == pytest.approx(before.log_fortune(0.1), abs=1e-9)


def test_repeated_values_may_be_counted() -> None:
    counted = Bettor(np.array([0.2, 0.0]), np.array([3.0, 50.0]), np.full(2, 0.3), 0.0, 1.0)
    assert counted.log_fortune(0.1) == pytest.approx(bettor([0.2] * 3 + [0.0] * 50).log_fortune(0.1))


@pytest.mark.parametrize("chance", [0.02, 0.2])
def test_it_is_wrong_no_more_often_than_promised(chance: float) -> None:
    rng = np.random.default_rng(2)
    # A reward of 1 with an importance weight of 1 / chance: mean 1/2, and as skewed as a log's.
    stake = np.sqrt(2.0 * np.log(10.0) / (200 * 0.25 / chance))
    wrong = sum(
        lower_bound([bettor((rng.random(200) < chance) * 0.5 / chance, stake)], 0.1) > 0.5 for _ in range(300)
    )
    assert wrong / 300 <= 0.1


def test_who_could_go_broke_does_not_play() -> None:
    safe, reckless = bettor([1.0] * 10, 0.1, money=0.5), bettor([1.0] * 10, 0.9, 0.95, money=0.5)
    assert reckless.log_fortune(0.5) == -np.inf
    assert log_fortune([safe, reckless], 0.5) == pytest.approx(safe.log_fortune(0.5) + np.log(0.5))
