"""Exploration: exact distributions with a floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.policy import epsilon_greedy, explore_around, square_cb

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


VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40)


@settings(deadline=None)
@given(VALUES, st.floats(0.0, 1e7))
def test_square_cb_sums_to_one_and_prefers_what_is_better(values: list[float], gamma: float) -> None:
    found = square_cb(values, gamma)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert (found >= 0.0).all()
    assert (np.diff(found[np.argsort(values, kind="stable")]) >= -1e-12).all()
    assert square_cb(values[::-1], gamma)[::-1] == pytest.approx(found, abs=1e-12)


@settings(deadline=None)
@given(VALUES, st.floats(0.0, 1e7))
def test_square_cb_is_the_same_for_few_agents_and_for_many(values: list[float], gamma: float) -> None:
    few = square_cb(values, gamma)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signalbox.policy.exploration.FEW", 0)
        assert square_cb(values, gamma) == pytest.approx(few, rel=1e-9, abs=1e-12)


def test_square_cb_by_hand() -> None:
    assert square_cb([0.5, 0.9, 0.4], 10.0) == pytest.approx([1 / 7, 1 - 1 / 7 - 1 / 8, 1 / 8])
    assert square_cb([0.9, 0.9, 0.4], 10.0) == pytest.approx([7 / 16, 7 / 16, 1 / 8])
    assert square_cb([0.1, 0.7], 0.0) == pytest.approx([0.5, 0.5])
    assert square_cb([0.3], 5.0) == pytest.approx([1.0])
