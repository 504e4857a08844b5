"""The recommended interval and the one that is valid at every time."""

import numpy as np
import pytest

from models.ope import PolicyEvidence, confidence_sequence, posterior_interval
from tests.models.ope.simulated import TRUTH, evidence


def certain(successes: int, failures: int) -> PolicyEvidence:
    """A log of the evaluated policy itself."""
    rewards = np.array([1.0] * successes + [0.0] * failures)
    one = np.ones((len(rewards), 1))
    return PolicyEvidence.of(rewards, np.zeros(len(rewards), int), one, one, 0.5 * one)


def test_on_policy_it_is_the_posterior_of_a_binomial_share() -> None:
    interval = posterior_interval(certain(17, 3))
    draws = np.random.default_rng(1).beta(18, 4, 200_000)
    inside = np.mean((draws > interval.lower) & (draws < interval.upper))
    assert interval.value == pytest.approx(18 / 22, abs=0.005)
    assert inside == pytest.approx(0.95, abs=0.006)


@pytest.mark.parametrize(
    ("epsilon", "model"), [(0.3, "rough"), (0.05, "rough"), (0.3, "wrong"), (0.05, "constant")]
)
def test_it_covers_about_as_often_as_it_says_whatever_the_model(epsilon: float, model: str) -> None:
    held = []
    for seed in range(60):
        found = posterior_interval(evidence(400, epsilon, seed, model=model), seed=seed)
        held.append(found.lower <= TRUTH <= found.upper)
    assert 0.88 <= np.mean(held) <= 1.0


def test_graded_rewards_vary_less_and_give_a_narrower_interval() -> None:
    widths = []
    for graded in (False, True):
        found = posterior_interval(evidence(1000, 0.3, 1, graded=graded))
        widths.append(found.upper - found.lower)
    assert widths[1] < 0.8 * widths[0]


def test_more_decisions_narrow_it() -> None:
    def width(size: int) -> float:
        found = [posterior_interval(evidence(size, 0.3, seed)) for seed in range(8)]
        return float(np.mean([interval.upper - interval.lower for interval in found]))

    assert width(2000) < 0.7 * width(500)


def test_a_model_that_knows_which_contexts_fail_narrows_it() -> None:
    rng = np.random.default_rng(3)
    hard = rng.random(1000) < 0.5
    rewards = (rng.random(1000) < np.where(hard, 0.3, 0.95)).astype(float)
    logged, evaluated = np.full((1000, 2), 0.5), np.tile([1.0, 0.0], (1000, 1))
    widths = []
    for expected in (np.where(hard, 0.3, 0.95), np.full(1000, 0.6)):
        model = np.column_stack([expected, expected])
        found = posterior_interval(
            PolicyEvidence.of(rewards, rng.integers(0, 2, 1000), logged, evaluated, model)
        )
        widths.append(found.upper - found.lower)
    assert widths[0] < 0.9 * widths[1]


def test_the_same_evidence_and_seed_give_the_same_interval() -> None:
    assert posterior_interval(evidence(300, 0.3, 4), seed=2) == posterior_interval(
        evidence(300, 0.3, 4), seed=2
    )


def test_what_the_log_could_not_show_widens_both_intervals() -> None:
    logged = np.tile([1.0, 0.0], (200, 1))
    evaluated = np.tile([0.9, 0.1], (200, 1))
    found = PolicyEvidence.of(np.ones(200), np.zeros(200, int), logged, evaluated, np.ones((200, 2)))
    interval, bounds = posterior_interval(found), confidence_sequence(found)
    assert interval.lower < 0.9 and interval.upper == 1.0
    assert bounds.lower < 0.9 and bounds.upper == 1.0


def test_without_evidence_anything_is_possible() -> None:
    nothing = PolicyEvidence(*np.zeros((7, 0)))
    assert (posterior_interval(nothing).lower, posterior_interval(nothing).upper) == (0.0, 1.0)
    assert (confidence_sequence(nothing).lower, confidence_sequence(nothing).upper) == (0.0, 1.0)


@pytest.mark.parametrize("rewards", [np.zeros(300), np.ones(300)])
def test_equal_rewards_leave_no_interval_empty_and_none_a_point(rewards: np.ndarray) -> None:
    one = np.ones((300, 1))
    found = PolicyEvidence.of(rewards, np.zeros(300, int), one, one, 0.5 * one)
    for interval in (posterior_interval(found), confidence_sequence(found)):
        assert 0.0 <= interval.lower < interval.upper <= 1.0
        assert interval.lower <= rewards[0] <= interval.upper


def test_the_confidence_sequence_holds_at_all_looks_together() -> None:
    wrong = 0
    for seed in range(30):
        whole = evidence(500, 0.3, seed)
        looks = [PolicyEvidence(*(part[:n] for part in vars(whole).values())) for n in (50, 150, 500)]
        bounds = [confidence_sequence(look) for look in looks]
        wrong += not all(bound.lower <= TRUTH <= bound.upper for bound in bounds)
    assert wrong <= 2


def test_the_confidence_sequence_shrinks_and_does_not_depend_on_the_order() -> None:
    whole = evidence(3000, 0.3, 5)
    turned = PolicyEvidence(*(part[::-1] for part in vars(whole).values()))
    bounds, other = confidence_sequence(whole), confidence_sequence(turned)
    assert (bounds.lower, bounds.upper) == pytest.approx((other.lower, other.upper), abs=1e-5)
    first = confidence_sequence(PolicyEvidence(*(part[:300] for part in vars(whole).values())))
    assert bounds.upper - bounds.lower < 0.6 * (first.upper - first.lower)
