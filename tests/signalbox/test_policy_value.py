"""From scores to expected rewards: between judging each agent alone and the softmax."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.policy.value import expectation

SCORES = st.lists(st.floats(-30.0, 30.0, width=32) | st.just(-np.inf), min_size=1, max_size=30)


@settings(deadline=None)
@given(SCORES, st.floats(0.0, 1.0))
def test_values_are_in_range_and_in_the_order_of_the_scores(scores: list[float], exclusivity: float) -> None:
    values = expectation(np.array(scores, np.float32), exclusivity).values
    assert ((values >= 0.0) & (values <= 1.0)).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(values[order]) >= -1e-12).all()
    assert all(value == 0.0 for value, score in zip(values, scores, strict=True) if score == -np.inf)


@given(SCORES, st.floats(0.0, 1.0))
def test_few_agents_and_many_are_computed_differently_but_are_worth_the_same(
    scores: list[float], exclusivity: float
) -> None:
    few = expectation(np.array(scores, np.float32), exclusivity)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signalbox.policy.value.FEW", 0)
        many = expectation(np.array(scores, np.float32), exclusivity)
    assert few.values == pytest.approx(many.values, rel=1e-5, abs=1e-9)
    assert few.odds == pytest.approx(many.odds, rel=1e-5, abs=1e-9)
    assert few.total == pytest.approx(many.total, rel=1e-5)


def test_alone_it_is_the_logistic_function() -> None:
    scores = np.array([-2.0, 0.0, 3.0], np.float32)
    assert expectation(scores, 0.0).values == pytest.approx(1.0 / (1.0 + np.exp(-scores)), abs=1e-6)
    assert expectation(scores[2:], 0.7).values == pytest.approx(1.0 / (1.0 + np.exp(-3.0)), abs=1e-6)


def test_for_two_exclusive_agents_it_is_the_softmax() -> None:
    scores = np.array([1.0, 2.5], np.float32)
    assert expectation(scores, 1.0).values == pytest.approx(np.exp(scores) / np.exp(scores).sum(), abs=1e-6)


def test_rivals_lower_what_an_agent_may_expect() -> None:
    weak, strong = (expectation(np.array([1.0, rival], np.float32), 0.5).values[0] for rival in (-3.0, 3.0))
    assert weak > strong


def test_extreme_scores_are_no_trouble() -> None:
    values = expectation(np.array([6e4, -6e4, 0.0], np.float32), 0.5).values
    assert values.tolist() == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)
    assert expectation(np.array([-np.inf, -np.inf], np.float32), 0.5).values.tolist() == [0.0, 0.0]
