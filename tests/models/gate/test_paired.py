"""Two programs on rows whose right answers are known."""

import numpy as np
import pytest

from models.gate.paired import compare
from models.threshold import Threshold

ANY = Threshold(kind="zero")


def scores(rng: np.random.Generator, count: int, right: float) -> np.ndarray:
    return (rng.random(count) < right).astype(np.float64)


@pytest.mark.parametrize(
    ("before", "after", "verdict", "reason"),
    [
        (0.4, 0.9, "promoted", "better"),
        (0.9, 0.4, "rejected", "worse"),
        (0.7, 0.72, "rejected", "not_proven"),
    ],
)
def test_a_clear_difference_is_told_and_an_unclear_one_is_not(
    before: float, after: float, verdict: str, reason: str
) -> None:
    rng = np.random.default_rng(3)
    old, new = scores(rng, 200, before), scores(rng, 200, after)
    found = compare(new, old, look=1, error=0.05, threshold=ANY)
    assert (found.verdict, found.reason, found.samples) == (verdict, reason, 200)
    assert found.improvement is not None and found.candidate is not None and found.champion is not None
    assert found.improvement.lower <= found.improvement.value <= found.improvement.upper
    assert found.improvement.value == pytest.approx(found.candidate.value - found.champion.value)
    assert f"{found.candidate.value:.3f} after" in found.message


def test_few_rows_prove_nothing_and_a_later_look_asks_for_more() -> None:
    few = compare(np.ones(9), np.zeros(9), look=1, error=0.05, threshold=ANY)
    assert (few.verdict, few.reason) == ("rejected", "insufficient_evidence")
    lowers = []
    for look in (1, 2, 5):
        found = compare(np.ones(30), np.zeros(30), look=look, error=0.05, threshold=ANY)
        assert found.improvement is not None
        lowers.append(found.improvement.lower)
    assert lowers == sorted(lowers, reverse=True)


def test_the_threshold_must_be_exceeded() -> None:
    rng = np.random.default_rng(5)
    old, new = scores(rng, 300, 0.5), scores(rng, 300, 0.75)
    verdicts = [
        compare(new, old, look=1, error=0.05, threshold=Threshold(kind="absolute", value=value)).verdict
        for value in (0.0, 0.3)
    ]
    assert verdicts == ["promoted", "rejected"]


def test_programs_that_are_no_better_seldom_pass() -> None:
    """At look 1 half of the error may be spent: 2.5 % of 150; more than 9 would be a fault."""
    rng = np.random.default_rng(7)
    wrong = sum(
        compare(scores(rng, 30, 0.6), scores(rng, 30, 0.6), look=1, error=0.05, threshold=ANY).verdict
        == "promoted"
        for _ in range(150)
    )
    assert wrong <= 9
