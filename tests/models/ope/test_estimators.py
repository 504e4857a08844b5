"""The estimators against values worked out by hand, and against the true value by simulation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ope import ClippedIps, DirectMethod, DoublyRobust, Ips, Overlap, SelfNormalisedDr, Snips

Row = tuple[float, float, float, float]
UNIT = st.floats(0.0, 1.0)
# A weight is a ratio of probabilities: never so small that its product with a reward vanishes.
WEIGHT = st.floats(0.0, 100.0, allow_subnormal=False)
ROWS = st.lists(st.tuples(WEIGHT, UNIT, UNIT, UNIT), max_size=20)
ESTIMATORS = [Ips, Snips, ClippedIps, DirectMethod, DoublyRobust, SelfNormalisedDr]


def filled(estimator: Any, rows: list[Row]) -> Any:
    """With rows of weight, reward, direct and predicted, of which each estimator takes its own."""
    for weight, reward, direct, predicted in rows:
        match estimator:
            case DirectMethod():
                estimator.add(direct)
            case DoublyRobust() | SelfNormalisedDr():
                estimator.add(weight, reward, direct, predicted)
            case _:
                estimator.add(weight, reward)
    return estimator


BY_HAND: list[Row] = [(2.0, 1.0, 0.8, 0.5), (0.0, 1.0, 0.6, 0.9), (1.0, 0.5, 0.7, 0.25)]


@pytest.mark.parametrize(
    ("estimator", "value"),
    [
        (Ips(), 2.5 / 3),
        (Snips(), 2.5 / 3.0),
        (ClippedIps(cap=1.5), 2.0 / 3),
        (DirectMethod(), 2.1 / 3),
        (DoublyRobust(), (0.8 + 2.0 * 0.5 + 0.6 + 0.7 + 0.25) / 3),
        (SelfNormalisedDr(), 2.1 / 3 + 1.25 / 3.0),
    ],
)
def test_by_hand(estimator: Any, value: float) -> None:
    assert filled(estimator, BY_HAND).get() == pytest.approx(value)


def test_snips_of_equal_rewards_is_that_reward_whatever_the_weights() -> None:
    assert filled(Snips(), [(w, 0.7, 0, 0) for w in (0.2, 40.0, 3.0)]).get() == pytest.approx(0.7)


def test_with_a_perfect_model_both_robust_estimators_are_the_direct_method() -> None:
    rows = [(w, r, d, r) for w, r, d in ((9.0, 1.0, 0.3), (0.5, 0.2, 0.9))]
    assert filled(DoublyRobust(), rows).get() == pytest.approx(0.6)
    assert filled(SelfNormalisedDr(), rows).get() == pytest.approx(0.6)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_without_evidence_there_is_no_estimate(kind: Any) -> None:
    assert math.isnan(kind().get())


def test_without_a_positive_weight_snips_knows_nothing_and_its_robust_form_only_the_model() -> None:
    assert math.isnan(filled(Snips(), [(0.0, 1.0, 0.4, 0.0)]).get())
    assert filled(SelfNormalisedDr(), [(0.0, 1.0, 0.4, 0.0)]).get() == pytest.approx(0.4)


@settings(deadline=None)
@given(ROWS)
def test_snips_stays_inside_the_rewards(rows: list[Row]) -> None:
    value = filled(Snips(), rows).get()
    rewards = [row[1] for row in rows if row[0] > 0]
    assert math.isnan(value) or min(rewards) - 1e-9 <= value <= max(rewards) + 1e-9


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS, ROWS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_parts_add_up_to_the_whole_in_any_grouping(kind: Any, a: list[Row], b: list[Row], c: list[Row]) -> None:
    whole = filled(kind(), a + b + c).get()
    left = (filled(kind(), a) + filled(kind(), b)) + filled(kind(), c)
    right = filled(kind(), a) + (filled(kind(), b) + filled(kind(), c))
    assert left.get() == pytest.approx(whole, nan_ok=True, abs=1e-9)
    assert right.get() == pytest.approx(whole, nan_ok=True, abs=1e-9)


def test_clipped_estimates_add_only_with_one_cap() -> None:
    with pytest.raises(ValueError, match=r"caps 2\.0 and 3\.0"):
        ClippedIps(2.0) + ClippedIps(3.0)
    with pytest.raises(ValueError, match="positive"):
        ClippedIps(0.0)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_mean_over_many_logs_is_the_true_value_if_the_estimator_is_unbiased(kind: Any) -> None:
    """Agents earn .2, .5, .9; logged .6, .3, .1; evaluated .1, .2, .7; a model that is wrong by .1."""
    rng = np.random.default_rng(0)
    reward, logged, target = np.array([0.2, 0.5, 0.9]), np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])
    model = reward - 0.1
    truth, direct = float(target @ reward), float(target @ model)
    estimates = []
    for _ in range(400):
        chosen = rng.choice(3, 100, p=logged)
        earned = rng.random(100) < reward[chosen]
        rows = zip((target / logged)[chosen], earned.astype(float), [direct] * 100, model[chosen], strict=True)
        estimates.append(filled(kind(), list(rows)).get())
    error = float(np.std(estimates)) / 20.0
    bias = float(np.mean(estimates)) - truth
    if kind is DirectMethod:
        assert bias == pytest.approx(-0.1)
    elif kind is ClippedIps:  # the cap is 10 and the largest weight 7
        assert abs(bias) < 4.0 * error
    else:
        assert abs(bias) < 4.0 * error + 0.005


def test_overlap_of_equal_weights_is_their_number_and_of_one_heavy_weight_is_one() -> None:
    equal, heavy = Overlap(), Overlap()
    for _ in range(5):
        equal.add(2.0)
        heavy.add(0.0, missing=0.5)
    heavy.add(9.0)
    assert equal.effective_samples == pytest.approx(5.0)
    assert (equal.mean_weight, equal.support, equal.largest_share) == pytest.approx((2.0, 1.0, 0.2))
    assert (heavy.effective_samples, heavy.largest_share) == pytest.approx((1.0, 1.0))
    both = equal + heavy
    assert (both.count, both.largest_weight) == (11, 9.0)
    assert both.effective_samples == pytest.approx(19.0**2 / (5 * 4 + 81))
    assert both.support == pytest.approx(1.0 - 2.5 / 11)


def test_overlap_of_nothing_is_nothing() -> None:
    nothing = Overlap()
    assert (nothing.effective_samples, nothing.mean_weight, nothing.support, nothing.largest_share) == (
        0,
        0,
        0,
        0,
    )
