"""The betting bound: it covers, it narrows, and it survives skew."""

from typing import Any

import numpy as np
import pytest

from models.bounds import LEAST, Wager, log_fortune, lower_bound


def wager(values: Any, depth: float = 0.0, moment: float = 0.25) -> Wager:
    n = len(values)
    return Wager(np.asarray(values, dtype=float), np.full(n, depth), np.ones(n), moment)


def test_constant_values_are_approached_from_below() -> None:
    bounds = [lower_bound([wager(np.full(n, 0.5))], 0.05) for n in (10, 100, 1000, 10_000)]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(0.5, abs=0.02)
    assert all(bound < 0.5 for bound in bounds)


def test_a_smaller_error_gives_a_lower_bound() -> None:
    values = np.random.default_rng(0).random(300)
    assert lower_bound([wager(values)], 0.001) < lower_bound([wager(values)], 0.1) < values.mean()


def test_too_little_evidence_gives_the_least_possible_mean() -> None:
    assert lower_bound([wager([0.5])], 1e-9) == LEAST


def test_fortune_falls_as_the_hypothesis_rises() -> None:
    stakes = [wager(np.random.default_rng(1).random(100))]
    fortunes = [log_fortune(stakes, mean, 3.0) for mean in (-0.5, 0.0, 0.5, 1.0)]
    assert fortunes == sorted(fortunes, reverse=True)


@pytest.mark.parametrize("chance", [0.02, 0.2])
def test_it_is_wrong_no_more_often_than_promised(chance: float) -> None:
    rng = np.random.default_rng(2)
    # A reward of 1 with an importance weight of 1 / chance: mean 1/2, and as skewed as a log's.
    wrong = sum(
        lower_bound([wager((rng.random(200) < chance) * 0.5 / chance, moment=0.25 / chance)], 0.1) > 0.5
        for _ in range(300)
    )
    assert wrong / 300 <= 0.1


def test_values_below_the_mean_limit_the_stake_so_that_nobody_goes_broke() -> None:
    values = np.array([-20.0] + [1.0] * 400)
    assert np.isfinite(log_fortune([wager(values, depth=20.0, moment=1e-6)], 1.0, 10.0))
