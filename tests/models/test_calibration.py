"""Confidence that comes true: the maps, the choice between them, and the measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from models.calibration import (
    LEAST_SAMPLES,
    apply,
    brier,
    confidence_accuracy,
    ece,
    fit_calibration,
    isotonic,
    platt,
)
from models.calibration.measures import Floats
from models.calibration.policy import calibrate, trust_in
from signalbox.policy import DecisionFeatures, Policy
from signalbox.policy.calibration import Calibration, calibrated
from tests.models.logs import kind_of, log

UNITS = st.lists(st.floats(0, 1), min_size=10, max_size=80)


def sample(chance: Callable[[Floats], Floats], count: int = 3000, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    confidence = rng.beta(3, 1, count)
    return confidence, (rng.random(count) < chance(confidence)).astype(float)


@pytest.mark.parametrize(
    "chance", [lambda c: c**3, lambda c: 0.25 + 0.5 * c, lambda c: np.where(c > 0.8, 0.9, 0.2)]
)
def test_confidence_calibration(chance: Callable[[Floats], Floats]) -> None:
    confidence, rewards = sample(chance)
    found = fit_calibration(confidence, rewards)
    assert found is not None
    fresh, truth = sample(chance, seed=1)
    mapped = apply(found, fresh)
    assert ece(mapped, truth) < 0.5 * ece(fresh, truth)
    assert brier(mapped, truth) < brier(fresh, truth)
    assert found.ece_after == pytest.approx(ece(mapped, truth), abs=0.03)


def test_confidence_that_comes_true_is_left_alone() -> None:
    found = fit_calibration(*sample(lambda c: c))
    assert found is not None
    assert found.brier_after == pytest.approx(found.brier_before, abs=1e-3)
    assert ece(apply(found, np.linspace(0.3, 1, 50)), np.linspace(0.3, 1, 50)) < 0.03


def test_a_jump_is_isotonic_and_a_smooth_curve_is_platts() -> None:
    jump = fit_calibration(*sample(lambda c: np.where(c > 0.8, 0.95, 0.1)))
    curve = fit_calibration(*sample(lambda c: 1 / (1 + (1 / c - 1) * 4)))
    assert jump is not None and jump.method == "isotonic"
    assert curve is not None and curve.method == "platt"


def test_nothing_is_said_of_too_little_or_of_equal_rewards() -> None:
    confidence, rewards = sample(lambda c: c)
    few = LEAST_SAMPLES - 1
    assert fit_calibration(confidence[:few], rewards[:few]) is None
    assert fit_calibration(confidence, np.full_like(confidence, 0.7)) is None


@given(UNITS, UNITS)
def test_every_map_ascends_and_stays_between_0_and_1(confidences: list[float], rewards: list[float]) -> None:
    size = min(len(confidences), len(rewards))
    confidence, reward = np.array(confidences[:size]), np.array(rewards[:size])
    for fit in (isotonic, platt):
        outputs = apply(fit(confidence, reward), np.linspace(0, 1, 41))
        assert (np.diff(outputs) >= 0).all()
        assert outputs.min() >= 0 and outputs.max() <= 1


@given(UNITS)
def test_the_order_of_the_experiences_does_not_matter(confidences: list[float]) -> None:
    confidence = np.array(confidences)
    rewards = np.round(confidence)
    backwards = isotonic(confidence[::-1], rewards[::-1])
    assert isotonic(confidence, rewards) == backwards


def test_between_points_it_is_linear_and_outside_constant() -> None:
    calibration = Calibration(method="isotonic", inputs=(0.2, 0.4, 0.8), outputs=(0.1, 0.5, 0.6))
    given_ = [0.0, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0]
    expected = [0.1, 0.1, 0.3, 0.5, 0.55, 0.6, 0.6]
    assert [calibrated(calibration, value) for value in given_] == pytest.approx(expected)
    assert calibrated(None, 0.37) == 0.37


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem"),
    [
        ((0.1, 0.2), (0.1,), "2 inputs, but 1 outputs"),
        ((0.2, 0.1), (0.1, 0.2), "inputs don't ascend"),
        ((0.1, 0.2), (0.2, 0.1), "outputs don't ascend"),
    ],
)
def test_a_map_that_is_none_is_refused(
    inputs: tuple[float, ...], outputs: tuple[float, ...], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Calibration(method="platt", inputs=inputs, outputs=outputs)


def test_measures_in_closed_form() -> None:
    confidence, rewards = np.array([0.2, 0.4, 0.6, 0.8]), np.array([0.0, 1.0, 0.0, 1.0])
    assert brier(confidence, rewards) == pytest.approx((0.04 + 0.36 + 0.36 + 0.04) / 4)
    assert ece(confidence, rewards, bins=2) == pytest.approx((abs(0.3 - 0.5) * 2 + abs(0.7 - 0.5) * 2) / 4)
    assert confidence_accuracy(confidence, rewards) == pytest.approx(np.corrcoef(confidence, rewards)[0, 1])
    assert confidence_accuracy(confidence, 1 - rewards) == 0.0
    assert confidence_accuracy(confidence, np.ones(4)) == 0.0


class Overrating:
    """Believes the agent of the query's kind to be nearly sure, and all others to be hopeless."""

    def values(self, query: DecisionFeatures, candidates: Sequence[str]) -> Floats:
        values = np.full(len(candidates), 0.01)
        values[kind_of(query.query)] = 0.99
        return values


def test_a_policy_is_calibrated_where_the_agent_that_it_prefers_acted() -> None:
    policy = cast(Policy, Overrating())
    experiences = log(1200)
    trust = trust_in(policy, experiences)
    assert trust.preferred.mean() == pytest.approx(0.25, abs=0.05)
    assert trust.rewards[trust.preferred].mean() > 0.8 > trust.rewards[~trust.preferred].mean()
    found = calibrate(policy, experiences)
    assert found is not None and found.samples == trust.preferred.sum()
    assert calibrated(found, 0.99) == pytest.approx(trust.rewards[trust.preferred].mean(), abs=0.02)


def test_with_few_choices_of_its_own_all_that_is_known_counts() -> None:
    found = calibrate(cast(Policy, Overrating()), log(100))
    assert found is not None and found.samples == 100
    assert calibrate(cast(Policy, Overrating()), log(20)) is None


def test_what_is_learned_of_confidence_is_the_reward_before_cost() -> None:
    [item] = log(1)
    dear = structs.replace(item, reward=0.1, quality=0.7, cost_weight=6.0)
    assert trust_in(cast(Policy, Overrating()), [dear]).rewards.tolist() == [0.7]
