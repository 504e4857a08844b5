"""The benchmark of drift: its streams change as they say, and recovery is counted as it is defined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.drift.changes import CHANGES, Changing, changing
from benchmarks.drift.false_alarms import DETECTORS, STATIONARY
from benchmarks.drift.learners import Watchful
from benchmarks.drift.recovery import WATCHED, run_through
from benchmarks.drift.served import AFTER, serve
from benchmarks.drift.service import Service
from benchmarks.learning.corpus import generated
from benchmarks.learning.streams import Stream
from models.configuration import TrainingConfiguration
from signalbox.policy import FeatureConfiguration


class Fixed:
    """Takes what is best before the change, and after so many decisions what is best after it."""

    def __init__(self, switches_at: int) -> None:
        self.switches_at, self.decisions = switches_at, 0

    def decide(self, query: str) -> int:
        self.decisions += 1
        return int(self.decisions > self.switches_at)

    def learn(self, reward: float) -> None: ...

    def greedy(self, query: str) -> int:
        return 0


def two_agents(length: int, changed_at: int) -> Changing:
    """The first agent is always right until the change, the second one from then on."""
    later = np.arange(length) >= changed_at
    rewards = np.stack([~later, later], axis=1).astype(np.float32)
    stream = Stream("two", "made up", ("a", "b"), ("?",) * length, rewards, rewards, (), rewards[:0])
    return Changing(stream, changed_at)


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_comes_after_the_change_is_another(change: str) -> None:
    stream, usual = changing(change, generated(), 3), changing("none", generated(), 3)
    at = stream.changed_at
    assert at == usual.changed_at == len(stream.stream) // 2
    assert stream.stream.queries == usual.stream.queries
    assert (stream.stream.expected[:at] == usual.stream.expected[:at]).all()
    moved = (stream.stream.expected[at:] != usual.stream.expected[at:]).any(axis=1).mean()
    assert {"permuted": 1.0, "swapped": 0.3, "broken": 0.1, "scrambled": 0.9}[change] == pytest.approx(
        moved, abs=0.1
    )
    again = changing(change, generated(), 3)
    assert (again.stream.expected == stream.stream.expected).all()


def test_recovery_is_counted_in_decisions_after_the_change() -> None:
    """The mean of 250 is back at .9 when 225 of them are right."""
    found = run_through(two_agents(5000, 2500), Fixed(2500 + 400))
    assert (found.decisions, found.recovered, found.before, found.later) == (625, True, 1.0, 1.0)
    never = run_through(two_agents(5000, 2500), Fixed(9999))
    assert (never.decisions, never.recovered, never.later) == (2500, False, 0.0)


def test_the_learner_forgets_at_a_change_and_not_without_one() -> None:
    stream = changing("permuted", generated(), 0)
    short = Changing(replace_length(stream.stream, 6500, 9500), 1000)
    watchful, stubborn = Watchful(short.stream, 0, "agents"), Watchful(short.stream, 0, "nothing")
    found, peer = run_through(short, watchful), run_through(short, stubborn)
    assert [1000 < at < 1064 for at in watchful.alarms] == [True]
    assert stubborn.alarms == []
    assert found.recovered
    assert found.decisions < 1000 < peer.decisions


def replace_length(stream: Stream, start: int, end: int) -> Stream:
    """The queries from `start` to `end` alone."""
    cut = slice(start, end)
    return replace(
        stream, queries=stream.queries[cut], expected=stream.expected[cut], received=stream.received[cut]
    )


def test_the_service_recovers_and_its_fork_changes_nothing_in_it() -> None:
    usual, changed = (two_kinds(2_000, 400, change) for change in (False, True))
    small = TrainingConfiguration(features=FeatureConfiguration(bits=12))
    service = Service(usual.stream, 0, small, triggers=AFTER)
    for _ in range(400):
        service.decide_next()
    rewards, state = service.rewards.copy(), service._state.row()
    found = serve(service, changed)
    assert (service.rewards, service._state.row()) == (rewards, state)
    assert np.mean(rewards[:100]) < 0.7 < np.mean(rewards[-200:])
    assert found.recovery.recovered and found.recovery.decisions < WATCHED
    assert [0 < after < 100 for after in found.found_after] == [True]
    assert found.promotions >= 1


def two_kinds(length: int, changed_at: int, changes: bool) -> Changing:
    """Each of two agents is right for one kind of query; with a change, they take each other's places."""
    rng = np.random.default_rng(1)
    kind, word = rng.integers(2, size=length), rng.integers(50, size=length)
    queries = tuple(f"{('film', 'paper')[k]} about topic{w}" for k, w in zip(kind, word, strict=True))
    right = np.where(changes & (np.arange(length) >= changed_at), 1 - kind, kind)
    rewards = np.eye(2, dtype=np.float32)[right]
    return Changing(
        Stream("two", "made up", ("a", "b"), queries, rewards, rewards, (), rewards[:0]), changed_at
    )


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_detector_finds_a_collapse_and_none_in_a_constant(detector: str) -> None:
    assert DETECTORS[detector]([0.9] * 2000 + [0.0] * 200) >= 1
    assert DETECTORS[detector]([0.9] * 3000) == 0


@pytest.mark.parametrize("kind", STATIONARY)
def test_stationary_rewards_are_seeded_and_in_range(kind: str) -> None:
    one, other = (STATIONARY[kind](np.random.default_rng(5), 5000) for _ in range(2))
    assert (one == other).all()
    assert len(one) == 5000
    assert 0.0 <= one.min() <= one.max() <= 1.0
