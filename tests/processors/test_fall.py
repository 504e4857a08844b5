"""Evidence of a fallen mean keeps its promise at every look."""

from __future__ import annotations

from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.fall import evidence_below, evidence_of_fall

counts = st.integers(1, 5000)
shares = st.floats(0.0, 1.0)


def ever(evidence: np.ndarray, error: float) -> float:
    """How often the evidence (runs, looks) ever allows an alarm at `error`."""
    return float((evidence.max(axis=1) >= -np.log(error)).mean())


@given(counts, shares, counts, shares)
def test_a_mean_that_is_not_lower_is_no_evidence(count: int, usual: float, later: int, now: float) -> None:
    found = evidence_of_fall(count, count * usual, later, later * now)
    assert -inf < found < inf
    if now >= usual:
        assert found <= 0.0
    assert evidence_below(usual, later, later * max(now, usual)) <= 0.0


@given(st.tuples(counts, counts), st.tuples(shares, shares), st.integers(0, 50), st.integers(0, 50))
def test_a_deeper_fall_is_more_evidence(
    sizes: tuple[int, int], means: tuple[float, float], fewer_before: int, more_later: int
) -> None:
    """The argument for rewards that rise rests on it: they show less of a fall than those that don't."""
    successes, later = round(sizes[0] * max(means)), round(sizes[1] * min(means))
    deep = evidence_of_fall(sizes[0], successes, sizes[1], later)
    fewer, more = max(successes - fewer_before, 0), min(later + more_later, sizes[1])
    shallow = evidence_of_fall(sizes[0], fewer, sizes[1], more)
    assert shallow <= max(deep, 0.0) + 1e-6


def test_it_is_the_likelihood_ratio_worked_out_by_hand() -> None:
    """Two successes, then a failure: Beta(1/2, 1/2) averages are 3/8 and 1/2, the best of one mean is 4/27."""
    assert exp(evidence_of_fall(2, 2.0, 1, 0.0)) == pytest.approx(3 / 8 * 1 / 2 / (4 / 27))
    assert exp(evidence_below(0.5, 1, 0.0)) == pytest.approx(0.5 / 0.5)


def test_a_promise_of_one_is_broken_by_the_first_failure() -> None:
    assert evidence_below(1.0, 100, 99.5) > 1e6


@pytest.mark.parametrize("promise", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("graded", [False, True])
def test_a_kept_promise_is_rarely_suspected_however_often_one_looks(promise: float, graded: bool) -> None:
    random = np.random.default_rng(3)
    runs, looks = 400, 400
    rewards = random.beta(4 * promise, 4 * (1 - promise), (runs, looks)) if graded else None
    if rewards is None:
        rewards = random.random((runs, looks)) < promise
    sums = rewards.cumsum(axis=1)
    evidence = np.array([[evidence_below(promise, n + 1, float(s)) for n, s in enumerate(run)] for run in sums])
    assert ever(evidence, 0.05) <= 0.05


def test_a_mean_that_rises_is_no_fall_however_often_one_looks() -> None:
    random = np.random.default_rng(4)
    means = np.linspace(0.3, 0.6, 400)
    sums = (random.random((400, 400)) < means).cumsum(axis=1)
    first = 100
    evidence = np.array(
        [
            [
                evidence_of_fall(first, run[first - 1], n - first + 1, run[n] - run[first - 1])
                for n in range(first, 400)
            ]
            for run in sums.astype(float)
        ]
    )
    assert ever(evidence, 0.05) <= 0.01
