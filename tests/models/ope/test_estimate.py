"""From experiences to an estimate, or to the statement that there is not enough evidence."""

from dataclasses import replace
from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from models.ope import Insufficient, Limits, PolicyEvidence, ValueEstimate, estimate, evidence_for
from models.ope.estimate import Method
from tests.models.logs import AGENTS, TablePolicy, log
from tests.models.ope.simulated import TRUTH, evidence

RIGHT = TablePolicy((0, 1, 2, 3), epsilon=0.0)


@pytest.mark.parametrize("method", get_args(Method))
def test_every_method_is_near_the_true_value_of_a_policy_on_real_experiences(method: Any) -> None:
    """The right agent earns .9 minus what is cut off at 1, so about .898."""
    found = estimate(evidence_for(log(1200, seed=2), RIGHT), method=method)
    assert isinstance(found, ValueEstimate)
    assert found.value == pytest.approx(0.898, abs=0.12 if method in ("ips", "dm") else 0.03)
    assert found.lower < 0.898 < found.upper
    assert found.quality.support == pytest.approx(1.0)
    assert found.quality.mean_weight == pytest.approx(1.0, abs=0.2)


def test_both_intervals_hold_the_truth_and_the_one_for_every_time_is_wider() -> None:
    seen = evidence(2000, 0.3, 1)
    fixed, anytime = estimate(seen), estimate(seen, validity="anytime")
    assert isinstance(fixed, ValueEstimate) and isinstance(anytime, ValueEstimate)
    assert fixed.lower <= TRUTH <= fixed.upper and anytime.lower <= TRUTH <= anytime.upper
    assert anytime.upper - anytime.lower > fixed.upper - fixed.lower
    assert msgspec.json.decode(msgspec.json.encode(fixed), type=ValueEstimate) == fixed


@pytest.mark.parametrize(
    ("change", "limits", "reason"),
    [
        ({}, Limits(samples=5000), "samples"),
        ({}, Limits(effective_samples=2000.0), "effective_samples"),
        ({}, Limits(largest_weight=0.001), "largest_weight"),
        ({"missing": np.full(2000, 0.2)}, Limits(), "support"),
        ({"weights": np.full(2000, 9.0)}, Limits(), "mean_weight"),
    ],
)
def test_beyond_a_limit_there_is_no_number(change: dict[str, Any], limits: Limits, reason: str) -> None:
    found = estimate(replace(evidence(2000, 0.3, 1), **change), limits=limits)
    assert isinstance(found, Insufficient)
    assert found.reason == reason
    assert f"{found.limit:g}" in found.message and "Insufficient evidence" in found.message


def test_rare_exploration_is_not_mistaken_for_overlap_because_its_heavy_weights_are_absent() -> None:
    seen = evidence(60, 0.02, 3)
    light = replace(seen, weights=np.minimum(seen.weights, 1.1))
    found = estimate(light)
    assert isinstance(found, Insufficient)
    assert found.reason == "effective_samples"
    assert found.quality.effective_samples > 40.0 > found.quality.designed_samples


def test_no_experience_or_none_with_a_propensity_is_insufficient_evidence() -> None:
    without = [msgspec.structs.replace(item, propensity=None) for item in log(60)]
    for items in ([], without):
        found = estimate(evidence_for(items, RIGHT))
        assert isinstance(found, Insufficient) and found.reason == "samples" and found.found == 0


def test_what_cannot_be_is_named() -> None:
    one, two = np.ones((1, 2)), np.array([[1.0, 0.0]])
    with pytest.raises(ValueError, match="propensity of decision 0 is 0"):
        PolicyEvidence.of(np.ones(1), np.array([1]), two, two, one)
    with pytest.raises(ValueError, match="reward of decision 0 is 2"):
        PolicyEvidence.of(np.full(1, 2.0), np.array([0]), two, two, one)
    with pytest.raises(ValueError, match="confidence must lie in"):
        estimate(evidence(100, 0.3, 1), confidence=1.0)


def test_one_agent_is_its_mean_reward() -> None:
    class Only:
        def probabilities(self, query: object, candidates: object) -> np.ndarray:
            return np.ones(1)

    items = log(300, seed=4, agents=AGENTS[:1])
    found = estimate(evidence_for(items, Only()))
    assert isinstance(found, ValueEstimate)
    mean = float(np.mean([item.reward for item in items]))
    assert found.value == pytest.approx(mean, abs=0.01)
    assert found.quality.effective_samples == pytest.approx(300.0)


def test_the_difference_of_doubly_robust_values_is_unbiased() -> None:
    """On the same contexts, agent 0 against agent 1, which earns .3 everywhere."""
    differences = []
    for seed in range(40):
        first = evidence(500, 0.3, seed)
        differences.append(float(first.doubly_robust.mean()) - 0.3)
    assert np.mean(differences) == pytest.approx(TRUTH - 0.3, abs=0.03)
