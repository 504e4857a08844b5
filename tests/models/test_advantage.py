"""Advantages are relative to comparable experiences."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.advantage import advantages, groups
from models.examples import Examples, examples_of
from signalbox.events import Experience
from signalbox.policy import FeatureConfiguration, Featurizer
from tests.models.logs import AGENTS, kind_of, log


def examples(experiences: Sequence[Experience], agents: tuple[str, ...] = AGENTS) -> Examples:
    return examples_of(experiences, agents, Featurizer(FeatureConfiguration(bits=12)))


def test_groups_are_a_partition_of_bounded_size() -> None:
    found = groups(examples(log(200)), 16, np.random.default_rng(0))
    assert sorted(np.concatenate(found).tolist()) == list(range(200))
    assert max(len(members) for members in found) <= 16


def test_different_candidate_sets_are_never_compared() -> None:
    mixed = examples(log(40) + log(40, seed=1, agents=AGENTS[:2]))
    for members in groups(mixed, 16, np.random.default_rng(0)):
        assert len(np.unique(mixed.eligible[members], axis=0)) == 1


def test_a_group_holds_similar_queries() -> None:
    experiences = log(400)
    kinds = np.array([kind_of(item.decision.query) for item in experiences])
    found = groups(examples(experiences), 16, np.random.default_rng(0))
    purity = [np.bincount(kinds[members]).max() / len(members) for members in found]
    assert np.mean(purity) > 0.6  # .25 and a little by chance


def test_equal_rewards_have_no_advantage() -> None:
    constant = examples(log(60, reward=lambda kind, agent, rng: 0.6))
    assert not advantages(constant, 16, np.random.default_rng(0)).any()


def test_success_is_an_advantage_and_failure_is_none_whatever_the_group() -> None:
    binary = examples(log(300, reward=lambda kind, agent, rng: float(agent == kind)))
    found = advantages(binary, 8, np.random.default_rng(0))
    assert (found[binary.rewards == 1.0] > 0).all()
    assert (found[binary.rewards == 0.0] < 0).all()
    assert found.mean() == pytest.approx(0.0, abs=0.15)
