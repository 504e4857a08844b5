"""The screen promotes what is better, and hardly ever anything else."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from models.gate import RewardMoments, Screening, error_at, screen
from models.gate.gather import gather
from models.threshold import Threshold, ThresholdKind
from signalbox.events import Experience
from signalbox.policy import BaselinePolicy, DecisionFeatures, DecisionPolicy
from tests.models.logs import TablePolicy, experience, kind_of, log

BEST = TablePolicy([0, 1, 2, 3], 0.1)
HALF = TablePolicy([0, 1, 3, 2], 0.1)
WORST = TablePolicy([1, 2, 3, 0], 0.1)


def judge(
    experiences: Sequence[Experience],
    candidate: DecisionPolicy,
    champion: Any,
    look: int = 1,
    threshold_share: float = 0.05,
    **changes: Any,
) -> Screening:
    return screen(
        experiences,
        candidate,
        champion,
        look=look,
        error=0.05,
        threshold=Threshold(kind="relative", value=threshold_share),
        expected=RewardMoments(0.5, 0.1),
        **changes,
    )


def test_the_errors_of_all_looks_sum_to_the_promised_one() -> None:
    assert sum(error_at(look, 0.05) for look in range(1, 100_000)) == pytest.approx(0.05, rel=1e-4)


def test_a_much_better_candidate_replaces_the_baseline_soon() -> None:
    answer = judge(log(150), BEST, None)
    assert (answer.verdict, answer.reason) == ("promoted", "better")
    assert answer.improvement.lower > answer.threshold > 0.0
    assert answer.candidate.lower <= 0.84 <= answer.candidate.upper
    assert answer.champion.value == pytest.approx(0.45, abs=0.06)
    assert "promoted" not in answer.message
    assert "150 held-out" in answer.message


def test_a_better_candidate_replaces_a_champion_from_the_champions_own_log() -> None:
    answer = judge(log(2000, policy=HALF) + log(50, seed=1), BEST, HALF, look=5)
    assert answer.verdict == "promoted"
    assert answer.improvement.effective_samples < 2050
    assert answer.improvement.largest_weight > 30


def test_a_worse_candidate_is_rejected_as_worse() -> None:
    answer = judge(log(400), WORST, BEST)
    assert (answer.verdict, answer.reason) == ("rejected", "worse")
    assert answer.improvement.upper < 0.0


def test_the_same_policy_is_not_proven() -> None:
    answer = judge(log(400), BEST, BEST)
    assert (answer.verdict, answer.reason) == ("rejected", "not_proven")
    assert answer.improvement.value == 0.0
    assert answer.improvement.lower == answer.improvement.upper == 0.0


def test_a_better_one_below_the_threshold_is_not_proven() -> None:
    assert judge(log(150), BEST, None, threshold_share=1.0).reason == "not_proven"


def test_a_later_look_needs_more() -> None:
    experiences = log(150)
    assert judge(experiences, BEST, None, look=200).improvement.lower < (
        judge(experiences, BEST, None).improvement.lower
    )


def test_constant_rewards_never_promote() -> None:
    constant = [experience(item.decision, 0.7) for item in log(3000)]
    answer = judge(constant, BEST, None)
    assert (answer.verdict, answer.reason) == ("rejected", "not_proven")
    assert "0.7" in answer.message


def test_without_probabilities_there_is_no_evidence() -> None:
    blind = [
        msgspec.structs.replace(
            item, decision=msgspec.structs.replace(item.decision, probabilities=None), propensity=None
        )
        for item in log(100)
    ]
    answer = judge(blind, BEST, None)
    assert (answer.reason, answer.samples) == ("insufficient_evidence", 0)
    assert "0 of 100" in answer.message


def test_a_log_that_never_shows_the_champion_is_no_evidence() -> None:
    only_first = [
        experience(
            msgspec.structs.replace(
                item.decision, chosen_agent="alpha", probabilities=(1.0, 0.0, 0.0, 0.0), propensity=1.0
            ),
            0.5 + i % 2 / 10,
        )
        for i, item in enumerate(log(40))
    ]
    never = TablePolicy([1, 1, 1, 1], 0.0)
    assert judge(only_first, BEST, never).reason == "insufficient_evidence"


def test_what_the_log_could_not_show_counts_against_the_candidate() -> None:
    experiences = [
        experience(
            msgspec.structs.replace(
                item.decision, chosen_agent="alpha", probabilities=(1.0, 0.0, 0.0, 0.0), propensity=1.0
            ),
            1.0,
        )
        for item in log(40)
    ]
    found = judge(experiences + log(1), TablePolicy([0] * 4, 0.0), TablePolicy([1] * 4, 0.0))
    # The champion's agents might have earned 1 as well, so nothing is gained for certain.
    assert found.improvement.lower <= 0.0 < found.improvement.value


@pytest.mark.parametrize("slot", ["baseline", "champion"])
def test_the_baseline_is_what_its_slot_was_logged_to_do(slot: str) -> None:
    baseline = BaselinePolicy({"alpha": 1.0}, 0.2)
    experiences = [
        msgspec.structs.replace(item, decision=msgspec.structs.replace(item.decision, slot=slot))
        for item in log(50, policy=baseline)
    ]
    evidence = gather(experiences, BEST, None)
    expected = {1.0} if slot == "baseline" else {round(0.25 / 0.85, 6), round(0.25 / 0.05, 6)}
    assert set(evidence.second.weights.round(6)) <= expected


def test_moments_without_experiences_are_a_fair_coins() -> None:
    assert RewardMoments.of([]) == RewardMoments(0.5, 0.25)


def test_wrong_promotions_stay_below_the_promised_rate() -> None:
    """Two equally good policies that disagree everywhere; three looks at each of 40 growing logs."""

    def coin(kind: Any, agent: int, rng: np.random.Generator) -> float:
        return float(rng.random() < (0.8 if agent in (kind, (kind + 1) % 4) else 0.2))

    equal = TablePolicy([1, 2, 3, 0], 0.1)
    wrong = 0
    for seed in range(40):
        experiences = log(150, seed=seed, reward=coin, policy=BEST)
        wrong += any(
            judge(experiences[: 50 * look], equal, BEST, look=look, threshold_share=0.0).verdict == "promoted"
            for look in (1, 2, 3)
        )
    assert wrong <= 2


class Known:
    """A reward model that knows the agents' rewards, or takes the worst for the best."""

    def __init__(self, right: float, wrong: float) -> None:
        self.right, self.wrong = right, wrong

    def predict(self, query: DecisionFeatures, candidates: Sequence[str]) -> np.ndarray:
        kind = kind_of(query.query)
        return np.array([self.right if place == kind else self.wrong for place in range(len(candidates))])


CHAMPIONS_LOG = log(1500, policy=HALF)
FIXED = TablePolicy([0, 1, 3, 2], 0.0)


@pytest.mark.parametrize(
    ("experiences", "candidate", "champion", "verdict", "reason"),
    [
        (log(150), BEST, None, "promoted", "better"),
        (log(400), WORST, BEST, "rejected", "worse"),
        (log(400), BEST, BEST, "rejected", "not_proven"),
        (log(40), BEST, HALF, "on_trial", "promising"),
        (log(100), WORST, HALF, "rejected", "not_proven"),
        (log(200, policy=FIXED), BEST, FIXED, "on_trial", "insufficient_evidence"),
        (log(9), BEST, HALF, "rejected", "insufficient_evidence"),
        ([], BEST, HALF, "rejected", "insufficient_evidence"),
        (log(200, agents=("alpha",)), TablePolicy([0] * 4, 0.1), None, "rejected", "not_proven"),
    ],
)
def test_only_what_may_yet_prove_better_goes_on_trial(
    experiences: list[Experience], candidate: DecisionPolicy, champion: Any, verdict: str, reason: str
) -> None:
    answer = judge(experiences, candidate, champion, trials=True)
    assert (answer.verdict, answer.reason) == (verdict, reason), answer.message
    if verdict == "on_trial":
        # Without trials the same is a rejection, and what the trial needs of the champion is there.
        assert judge(experiences, candidate, champion).verdict == "rejected"
        assert "champion" in answer.estimates()


def test_a_model_makes_the_bounds_sharper_and_a_false_one_does_not_deceive() -> None:
    knowing, fooled = (
        judge(CHAMPIONS_LOG, BEST, HALF, model=Known(*beliefs)).improvement
        for beliefs in ((0.9, 0.3), (0.0, 1.0))
    )
    plain = judge(CHAMPIONS_LOG, BEST, HALF).improvement
    assert plain.upper - plain.lower > knowing.upper - knowing.lower
    assert knowing.lower < 0.3 < knowing.upper
    assert fooled.lower < 0.3 < fooled.upper


def test_the_champions_value_uses_the_model() -> None:
    seen = judge(log(40), BEST, HALF, model=Known(0.9, 0.3))
    assert seen.candidate.value == pytest.approx(0.84, abs=0.03)
    assert seen.champion.value == pytest.approx(0.57, abs=0.03)


@pytest.mark.parametrize(
    ("kind", "verdict"), [("zero", "promoted"), ("no_harm", "promoted"), ("absolute", "rejected")]
)
def test_the_threshold_decides(kind: ThresholdKind, verdict: str) -> None:
    threshold = Threshold(kind=kind, value=0.35)
    answer = screen(
        log(150), BEST, None, look=1, error=0.05, threshold=threshold, expected=RewardMoments(0.5, 0.1)
    )
    assert answer.verdict == verdict
    assert answer.threshold == {"zero": 0.0, "no_harm": -0.35, "absolute": 0.35}[kind]


def test_a_propensity_of_zero_is_left_out() -> None:
    zero = [msgspec.structs.replace(item, propensity=0.0) for item in log(50)]
    assert judge(zero + log(30, seed=1), BEST, None).samples == 30


def test_every_estimate_says_how_much_of_it_the_log_could_show() -> None:
    """Three kinds of four always go to their own agents: what the candidate does with the fourth is seen."""
    blinkered = TablePolicy([0, 1, 2, 3], 0.0)
    experiences = log(400, policy=blinkered)
    fourth = np.mean([kind_of(item.decision.query) == 3 for item in experiences])
    elsewhere = TablePolicy([1, 2, 0, 3], 0.0)
    found = judge(experiences, elsewhere, blinkered)
    assert found.candidate is not None and found.champion is not None and found.improvement is not None
    assert found.candidate.overlap == pytest.approx(fourth)
    assert found.champion.overlap == 1.0
    # What the champion did instead was seen.
    assert found.improvement.overlap == pytest.approx(1.0 - (1.0 - fourth) / 2.0)
    shown = judge(log(400), elsewhere, blinkered)
    assert shown.candidate is not None and shown.candidate.overlap == 1.0


def test_what_hardly_explores_is_enough_to_call_a_candidate_promising() -> None:
    """The lower bound allows for what such a log could hide; the estimate needn't, as a trial proves it."""
    timid = TablePolicy([0, 1, 3, 2], 0.002)
    experiences = log(4000, policy=timid) + log(60, seed=3)
    beliefs = Known(0.6, 0.3)  # it has learned too little of the right agents
    found = judge(experiences, TablePolicy([0, 1, 2, 3], 0.002), timid, model=beliefs, trials=True)
    improvement = found.improvement
    assert improvement.value - found.threshold < (improvement.value - improvement.lower) / 3
    assert (found.verdict, found.reason) == ("on_trial", "promising"), found.message
    as_bad = TablePolicy([0, 1, 3, 0], 0.002)
    equal = judge(experiences, as_bad, timid, model=beliefs, trials=True, least_shown=1.0)
    assert (equal.verdict, equal.reason) == ("rejected", "not_proven"), equal.message
