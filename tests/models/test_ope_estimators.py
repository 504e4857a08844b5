"""The estimators against values worked out by hand."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ope import Ips, Overlap, Snips

PAIRS = st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 1.0)), min_size=1, max_size=30)


def filled(estimator: Any, pairs: list[tuple[float, float]]) -> Any:
    for weight, reward in pairs:
        estimator.add(weight, reward)
    return estimator


def test_ips_of_one_example_is_its_weighted_reward() -> None:
    # Propensity .3, evaluated probability .6: a weight of 2.
    assert filled(Ips(), [(0.6 / 0.3, 1.0)]).get() == pytest.approx(2.0)


def test_ips_and_snips_by_hand() -> None:
    pairs = [(2.0, 1.0), (0.0, 1.0), (1.0, 0.5)]
    assert filled(Ips(), pairs).get() == pytest.approx(2.5 / 3)
    assert filled(Snips(), pairs).get() == pytest.approx(2.5 / 3.0)


def test_snips_of_equal_rewards_is_that_reward_whatever_the_weights() -> None:
    assert filled(Snips(), [(0.2, 0.7), (40.0, 0.7), (3.0, 0.7)]).get() == pytest.approx(0.7)


def test_without_evidence_there_is_no_estimate() -> None:
    assert math.isnan(Ips().get())
    assert math.isnan(Snips().get())
    assert math.isnan(filled(Snips(), [(0.0, 1.0)]).get())


@settings(deadline=None)
@given(PAIRS)
def test_snips_stays_inside_the_rewards(pairs: list[tuple[float, float]]) -> None:
    value = filled(Snips(), pairs).get()
    rewards = [reward for weight, reward in pairs if weight > 0]
    assert math.isnan(value) or min(rewards) - 1e-9 <= value <= max(rewards) + 1e-9


@settings(deadline=None)
@given(PAIRS, PAIRS)
@pytest.mark.parametrize("kind", [Ips, Snips])
def test_parts_add_up_to_the_whole(
    kind: Any, first: list[tuple[float, float]], second: list[tuple[float, float]]
) -> None:
    merged, whole = filled(kind(), first) + filled(kind(), second), filled(kind(), first + second)
    assert merged.get() == pytest.approx(whole.get(), nan_ok=True)


def test_overlap_of_equal_weights_is_their_number_and_of_one_heavy_weight_is_one() -> None:
    equal, heavy = Overlap(), Overlap()
    for _ in range(5):
        equal.add(2.0)
        heavy.add(0.0)
    heavy.add(9.0)
    assert equal.effective_samples == pytest.approx(5.0)
    assert equal.mean_weight == pytest.approx(2.0)
    assert heavy.effective_samples == pytest.approx(1.0)
    both = equal + heavy
    assert (both.count, both.largest_weight) == (11, 9.0)
    assert both.effective_samples == pytest.approx(19.0**2 / (5 * 4 + 81))


def test_overlap_of_nothing_is_nothing() -> None:
    assert Overlap().effective_samples == 0.0
    assert Overlap().mean_weight == 0.0
