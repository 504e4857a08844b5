"""The simulated candidates are as good as they are said to be, and both stages report on them."""

import numpy as np
import pytest

from benchmarks.gate_error.logs import log
from benchmarks.gate_error.peers import bootstrap_bound, normal_bound, resamples
from benchmarks.gate_error.screen import run as run_screen
from benchmarks.gate_error.trial import run as run_trial
from benchmarks.gate_error.world import BETTER, DISAGREEMENT, NO_BETTER, Candidate, candidates, disagreements
from models.gate.estimates import improvement_of
from models.gate.evidence import RewardMoments


@pytest.mark.parametrize("share", DISAGREEMENT)
@pytest.mark.parametrize("candidate", [BETTER, *NO_BETTER])
def test_a_candidate_earns_what_it_is_said_to(candidate: Candidate, share: float) -> None:
    apart, earned = disagreements(np.random.default_rng(0), 200_000, share, candidate)
    assert apart.mean() == pytest.approx(share, abs=0.003)
    assert (earned.candidate - earned.champion).sum() / len(apart) == pytest.approx(
        candidate.improvement, abs=0.003
    )


@pytest.mark.parametrize("candidate", [BETTER, *NO_BETTER])
def test_the_logs_evidence_says_so(candidate: Candidate) -> None:
    rng = np.random.default_rng(1)
    logs = [log(rng, 5000, 0.3, 0.12, candidate) for _ in range(12)]
    values = [improvement_of(evidence, RewardMoments(0.9, 0.09), 0.01).value for evidence in logs]
    assert np.mean(values) == pytest.approx(candidate.improvement, abs=0.015)


def test_half_of_the_candidates_are_no_better() -> None:
    assert candidates(1000).count(BETTER) == 500
    assert {candidate for candidate in candidates(8) if candidate.improvement <= 0.0} == set(NO_BETTER)


def test_the_peers_bounds_lie_below_the_mean() -> None:
    rng = np.random.default_rng(2)
    values = np.where(rng.random(2000) < 0.1, rng.normal(1.0, 1.0, 2000), 0.0)
    for bound in (normal_bound(values, 0.01), bootstrap_bound(values, 0.01, resamples(rng))):
        assert values.mean() - 0.04 < bound < values.mean() - 0.01


def test_both_stages_report_with_their_circumstances() -> None:
    measures = [*run_screen(4, 1), *run_trial(4, 1)]
    assert {measure.measure for measure in measures} == {"wrong_promotions", "power", "median_decisions"}
    for measure in measures:
        assert measure.id == "gate-error"
        assert {"stage", "epsilon", "disagreement", "n", "error"} <= set(measure.detail)
        assert set(measure.peers) == (
            {"normal", "normal_at_20_looks", "bootstrap", "betting_without_model"}
            if measure.detail["stage"] == "screen"
            else set()
        )
