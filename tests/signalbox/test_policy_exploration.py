"""Exploration: exact distributions with a floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.policy import epsilon_greedy, explore_around

EPSILON = st.floats(0.0, 1.0)
SCORES = st.lists(st.floats(-1e6, 1e6) | st.just(-np.inf), min_size=1, max_size=40)


@settings(deadline=None)
@given(SCORES, EPSILON)
def test_epsilon_greedy_sums_to_one_and_keeps_its_floor(scores: list[float], epsilon: float) -> None:
    found = epsilon_greedy(scores, epsilon)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert (found >= epsilon / len(scores)).all()
    assert found[scores.index(max(scores))] == found.max() <= 1.0


@settings(deadline=None)
@given(st.permutations([3.0, 1.0, 2.0, 3.0]), EPSILON)
def test_the_order_of_candidates_does_not_matter(scores: list[float], epsilon: float) -> None:
    by_score = dict(zip(scores, epsilon_greedy(scores, epsilon), strict=True))
    assert by_score == dict(
        zip([3.0, 1.0, 2.0, 3.0], epsilon_greedy([3.0, 1.0, 2.0, 3.0], epsilon), strict=True)
    )


def test_epsilon_greedy_by_hand() -> None:
    assert epsilon_greedy([0.0, 2.0], 0.1) == pytest.approx([0.05, 0.95])
    assert epsilon_greedy([1.0, 1.0, 0.0, 0.0], 0.2) == pytest.approx([0.45, 0.45, 0.05, 0.05])


def test_where_nothing_may_be_exploited_everything_is_equal() -> None:
    assert epsilon_greedy([-np.inf, -np.inf], 0.1) == pytest.approx([0.5, 0.5])


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20).filter(lambda items: sum(items) > 1e-6), EPSILON
)
def test_exploring_around_a_distribution_keeps_sum_and_floor(distribution: list[float], epsilon: float) -> None:
    found = explore_around(distribution, epsilon)
    assert found.sum() == pytest.approx(1.0, abs=1e-9)
    assert (found >= epsilon / len(distribution)).all()
    assert found.max() <= 1.0


@pytest.mark.parametrize("bad", [[0.0, 0.0], [1.0, -0.5], [np.nan, 1.0], [np.inf, 1.0]])
def test_what_is_no_distribution_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="distribution"):
        explore_around(bad, 0.1)
