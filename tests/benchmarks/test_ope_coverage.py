"""The peers of the benchmark against what is known of them, and the population's exact truth."""

import numpy as np
import pytest

from benchmarks.ope_coverage.peers import PEERS, cressie_read
from benchmarks.ope_coverage.population import Population
from models.examples import Vectors
from models.ope import folds_of


def test_cressie_read_gives_what_its_authors_implementation_gives() -> None:
    """Computed once with the published formulas, wmin 0 and wmax 20, alpha .05 and a chi-square quantile."""
    weights = np.array([0.0, 1.0, 1.0, 2.0, 0.0, 1.0, 10.0, 0.5] * 10)
    rewards = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.5, 1.0] * 10)
    assert cressie_read(weights, rewards, 20.0, 0.05, 0) == pytest.approx((0.6033020, 0.8520576), abs=1e-6)


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_stays_inside_the_rewards_and_narrows_with_the_log(name: str) -> None:
    rng = np.random.default_rng(0)
    widths = []
    for size in (200, 5000):
        weights = np.where(rng.random(size) < 0.1, 10.0, 0.0)
        rewards = (rng.random(size) < 0.7).astype(float)
        lower, upper = PEERS[name](weights, rewards, 10.0, 0.05, 1)
        assert 0.0 <= lower < upper <= 1.0
        widths.append(upper - lower)
    assert widths[1] < 0.5 * widths[0]


def test_a_drawn_log_has_the_logging_policys_propensities_and_the_truth_is_exact() -> None:
    rng = np.random.default_rng(0)
    right, logger, target = rng.integers(0, 3, (3, 50))
    vectors = Vectors(np.arange(51), rng.integers(0, 20, 50), np.ones(50, np.float32))
    source = Population("made up", 3, vectors, right, logger, target)
    evidence = source.log(4000, 0.3, folds_of(str(i) for i in range(4000)), rng)
    assert source.truth == np.mean(right == target)
    assert set(np.round(np.unique(evidence.largest), 6)) == {round(1 / 0.8, 6), 10.0}
    assert np.mean(evidence.weights * evidence.rewards) == pytest.approx(source.truth, abs=0.1)
    assert evidence.doubly_robust.mean() == pytest.approx(source.truth, abs=0.1)
