"""The trial: it finds what is better, hardly ever anything else, and keeps its limits."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.threshold import Threshold
from models.trial import TrialLimits, TrialUnit, TrialVerdict, judge_trial

ZERO = Threshold(kind="zero")
GOOD, POOR = TrialUnit(1.0, 0.05, 0.95, 0.5), TrialUnit(0.0, 0.95, 0.05, 0.5)
"""The candidate's agent with a reward of 1, and the champion's with a reward of 0."""


def judge(units: Any, decisions: int | None = None, **changes: Any) -> TrialVerdict:
    arguments = {
        "elapsed_s": 60.0,
        "limits": TrialLimits(),
        "threshold": ZERO,
        "champion_value": 0.9,
        "error": 0.01,
    }
    return judge_trial(units, len(units) if decisions is None else decisions, **{**arguments, **changes})


def live(
    rng: np.random.Generator, count: int, chances: tuple[float, float], share: float = 0.5
) -> list[TrialUnit]:
    """Disagreements in which the candidate is right with the first chance and the champion with the second."""
    mine = rng.random(count) < share
    rewards = rng.random(count) < np.where(mine, *chances)
    return [
        TrialUnit(float(r), float(not m), float(m), share if m else 1 - share)
        for r, m in zip(rewards, mine, strict=True)
    ]


def swapped(unit: TrialUnit) -> TrialUnit:
    return TrialUnit(unit.reward, unit.candidate, unit.champion, unit.propensity)


def test_a_better_candidate_is_promoted_with_its_numbers() -> None:
    answer = judge([GOOD, POOR] * 30, 1000)
    assert (answer.verdict, answer.reason) == ("promoted", "better")
    assert (answer.progress.decisions, answer.progress.disagreements) == (1000, 60)
    assert answer.progress.candidate_reward == pytest.approx(0.95)
    assert answer.progress.champion_reward == pytest.approx(0.05)
    assert 0.0 < answer.improvement.lower < answer.improvement.value == pytest.approx(0.054)
    assert answer.improvement.value < answer.improvement.upper
    assert "Proven better in a trial: in 1000 decisions the two disagreed 60 times" in answer.message
    assert answer.harm == 0.0


def test_a_worse_candidate_is_stopped() -> None:
    answer = judge([swapped(GOOD), swapped(POOR)] * 20, 1000)
    assert (answer.verdict, answer.reason) == ("rejected", "worse")
    assert answer.improvement.upper < 0.0
    assert answer.harm == pytest.approx(18.0)


def test_the_trial_goes_on_while_nothing_is_proven() -> None:
    answer = judge([GOOD, POOR], 40)
    assert (answer.verdict, answer.reason) == ("on_trial", "undecided")
    assert judge([]).reason == "undecided"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (TrialLimits(decisions=40), "exhausted"),
        (TrialLimits(seconds=60.0), "exhausted"),
        (TrialLimits(harm=1.5), "harm"),
    ],
)
def test_limits_end_it(limits: TrialLimits, reason: str) -> None:
    answer = judge([swapped(GOOD), swapped(POOR)] * 2, 40, limits=limits)
    assert (answer.verdict, answer.reason) == ("rejected", reason)
    assert (
        judge([swapped(GOOD), swapped(POOR)] * 2, 39, elapsed_s=59.9, limits=TrialLimits()).reason
        == "undecided"
    )


def test_a_trial_without_disagreement_is_exhausted() -> None:
    assert judge([], 5000).reason == "exhausted"


def test_a_threshold_is_on_all_decisions() -> None:
    units = [GOOD, POOR] * 100
    assert judge(units, 1000, threshold=Threshold()).verdict == "promoted"
    answer = judge(units, 100_000, threshold=Threshold(), limits=TrialLimits(decisions=10**6))
    assert (answer.verdict, answer.reason) == ("rejected", "not_proven")
    assert 0.0 < answer.improvement.lower < answer.improvement.upper < answer.threshold == pytest.approx(0.045)


def test_rare_disagreements_prove_that_no_harm_is_done() -> None:
    units = live(np.random.default_rng(0), 40, (0.5, 0.5))
    assert judge(units, 2000).verdict == "on_trial"
    assert judge(units, 2000, threshold=Threshold(kind="no_harm", value=0.02)).verdict == "promoted"


@pytest.mark.parametrize("reward", [0.0, 0.7, 1.0])
def test_equal_rewards_prove_nothing(reward: float) -> None:
    units = [TrialUnit(reward, float(i % 5 == 0), float(i % 5 > 0), 0.5) for i in range(500)]
    assert judge(units).verdict != "promoted"
    assert judge(units[:50]).verdict == "on_trial"


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        (TrialUnit(1.0, 0.0, 1.0, 0.0), "propensity is 0.0"),
        (TrialUnit(1.0, 0.0, 1.0, 0.1), "propensity is 0.1, but"),
        (TrialUnit(1.5, 0.0, 1.0, 0.5), "reward is 1.5"),
        (TrialUnit(float("nan"), 0.0, 1.0, 0.5), "reward is nan"),
        (TrialUnit(1.0, 0.0, -0.2, 0.5), "candidate is -0.2"),
    ],
)
def test_what_cannot_be_is_invalid_and_named(unit: TrialUnit, words: str) -> None:
    answer = judge([GOOD, unit])
    assert (answer.verdict, answer.reason) == ("rejected", "invalid")
    assert words in answer.message
    assert "Unit 1" in answer.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"champion_value": float("nan")}, "champion_value"), ({"decisions": 0}, "decisions is 0")],
)
def test_what_cannot_be_of_the_whole(changes: dict[str, Any], words: str) -> None:
    assert words in judge([GOOD], **changes).message


UNITS = st.lists(
    st.builds(
        lambda reward, mine: TrialUnit(reward, 0.95 - mine * 0.9, 0.05 + mine * 0.9, 0.5),
        st.floats(0, 1),
        st.integers(0, 1),
    ),
    max_size=25,
)


@settings(max_examples=30)
@given(UNITS, st.randoms(use_true_random=False))
def test_no_order_matters(units: list[TrialUnit], random: Any) -> None:
    before = judge(units, 100)
    random.shuffle(units)
    after = judge(units, 100)
    assert (after.verdict, after.reason) == (before.verdict, before.reason)
    assert after.improvement.lower == pytest.approx(before.improvement.lower, abs=1e-6)


@settings(max_examples=30)
@given(UNITS, st.integers(0, 200))
def test_bounds_enclose_hold_their_range_and_rise_with_better_evidence(
    units: list[TrialUnit], agreements: int
) -> None:
    decisions = len(units) + agreements
    before = judge(units, decisions).improvement
    assert -1.0 <= before.lower <= before.upper <= 1.0
    after = judge([*units, GOOD], decisions + 1).improvement
    assert after.lower >= before.lower - 1e-6
    assert judge(units, decisions, error=0.001).improvement.lower <= before.lower


@settings(max_examples=30)
@given(UNITS)
def test_bounds_are_mirrored(units: list[TrialUnit]) -> None:
    mine = judge(units, error=0.05).improvement
    other = judge([swapped(unit) for unit in units], error=0.05).improvement
    assert (mine.lower, mine.upper) == pytest.approx((-other.upper, -other.lower))


@pytest.mark.parametrize(
    ("chances", "share"), [((0.5, 0.5), 0.5), ((0.9, 0.9), 0.2), ((0.9, 0.9), 0.5), ((0.02, 0.05), 0.5)]
)
def test_wrong_promotions_stay_below_the_promised_rate(chances: tuple[float, float], share: float) -> None:
    """No better candidates, judged 3 times in each of 50 trials at an error of .1."""
    rng = np.random.default_rng(7)
    trials = [live(rng, 100, chances, share) for _ in range(50)]
    wrong = sum(
        any(judge(units[:count], error=0.1, share=share).verdict == "promoted" for count in (30, 60, 100))
        for units in trials
    )
    assert wrong <= 8  # .1 of 50 and 1.4 standard errors


def test_three_points_are_found_soon() -> None:
    rng = np.random.default_rng(8)
    found = [judge(live(rng, 75, (0.75, 0.25)), 1250).verdict for _ in range(40)]
    assert found.count("promoted") >= 30


def test_a_smaller_share_of_the_draws_finds_them_too() -> None:
    units = live(np.random.default_rng(9), 150, (0.75, 0.25), 0.2)
    assert judge(units, 2500, share=0.2).verdict == "promoted"


@pytest.mark.parametrize(("decisions", "verdict"), [(500, "on_trial"), (4500, "rejected")])
def test_what_can_hardly_be_proven_any_more_is_given_up(decisions: int, verdict: str) -> None:
    units = live(np.random.default_rng(10), 200, (0.5, 0.5))
    answer = judge(units, decisions)
    assert answer.verdict == verdict, answer.message
    assert answer.reason in ("undecided", "not_proven")
    assert judge(units[:59], decisions).verdict == "on_trial"
