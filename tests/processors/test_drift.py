"""The detector of a change of the rewards: rarely wrong, quick, and the same after a restart."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.drift import Drift, change
from processors.segments import BLOCK, LARGEST, OF_A_SIZE, PPM, Segment, merged
from processors.trigger import TriggerPolicy

POLICY = TriggerPolicy()

segments = st.builds(
    lambda count, share, start_s: Segment(count, round(count * share * PPM), float(start_s)),
    st.integers(1, 2048),
    st.floats(0, 1),
    st.integers(0, 10**6),
)


def alarms(rewards: list[float], drift: Drift | None = None) -> list[tuple[int, float]]:
    """Decisions one second apart: at which the alarm came, and since when the rewards are others."""
    drift = Drift() if drift is None else drift
    found = []
    for i, reward in enumerate(rewards):
        changed_at_s = drift.observe(reward, float(i), POLICY.drift_evidence, POLICY.reward_drop)
        if changed_at_s is not None:
            found.append((i, changed_at_s))
    return found


def successes(means: np.ndarray | float, count: int, seed: int = 0) -> list[float]:
    return (np.random.default_rng(seed).random(count) < means).astype(float).tolist()


@pytest.mark.parametrize("mean", [0.01, 0.5, 0.93])
def test_no_alarm_in_stationary_successes(mean: float) -> None:
    assert alarms(successes(mean, 30_000)) == []


@pytest.mark.parametrize("kind", ["constant", "graded", "learning", "bursts"])
def test_no_alarm_in_other_stationary_rewards(kind: str) -> None:
    random, count = np.random.default_rng(1), 30_000
    rewards = {
        "constant": [0.8] * count,
        "graded": random.beta(5, 1, count).tolist(),
        "learning": successes(0.1 + 0.83 * (1 - np.exp(-np.arange(count) / 800)), count),
        "bursts": np.repeat(successes(0.8, count), random.geometric(0.5, count))[:count].tolist(),
    }
    assert alarms(rewards[kind]) == []


@pytest.mark.parametrize(("before", "after", "within"), [(0.93, 0.02, 32), (0.9, 0.6, 120), (0.3, 0.05, 300)])
def test_a_fall_is_found_and_dated(before: float, after: float, within: int) -> None:
    for seed in range(5):
        rewards = successes(before, 3000, seed) + successes(after, 1000, seed + 100)
        ((at, changed_at_s),) = alarms(rewards)
        assert 3000 <= at < 3000 + within
        assert abs(changed_at_s - 3000) <= within / 2 + BLOCK


def test_a_small_fall_is_not_worth_forgetting() -> None:
    assert alarms(successes(0.95, 4000) + successes(0.92, 4000, 1)) == []


def test_a_fall_to_half_counts_however_little_was_earned() -> None:
    assert len(alarms(successes(0.1, 4000) + successes(0.01, 2000, 1))) == 1


def test_after_an_alarm_the_new_rewards_are_the_usual_ones() -> None:
    drift = Drift()
    assert len(alarms(successes(0.9, 3000) + successes(0.2, 6000, 1), drift)) == 1
    assert sum(s.reward_ppm for s in drift.segments) / sum(s.count for s in drift.segments) < 0.25 * PPM


def test_the_state_is_bounded() -> None:
    drift, size = Drift(), 0
    for _ in range(4):
        alarms([1.0] * 10_000, drift)
        size = max(size, len(msgspec.msgpack.encode(drift)))
    sizes = [segment.count for segment in drift.segments]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) == LARGEST
    assert all(sizes.count(size) <= OF_A_SIZE for size in sizes)
    assert size < 500


def test_late_decisions_do_not_put_the_change_before_it_was() -> None:
    """A segment begins at the newest time seen, not at that of its own, perhaps late, first decision."""
    drift = Drift()
    for i in range(BLOCK):
        drift.observe(1.0, 100.0 - i, POLICY.drift_evidence, POLICY.reward_drop)
    for _ in range(BLOCK):
        drift.observe(1.0, 50.0, POLICY.drift_evidence, POLICY.reward_drop)
    assert [segment.start_s for segment in drift.segments] == [100.0, 100.0]


@given(st.lists(st.floats(0, 1), max_size=400), st.integers(0, 400))
def test_a_restart_changes_nothing(rewards: list[float], at: int) -> None:
    undisturbed, first = Drift(), Drift()
    alarms(rewards, undisturbed)
    alarms(rewards[:at], first)
    restarted = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Drift)
    for i, reward in enumerate(rewards[at:], start=min(at, len(rewards))):
        restarted.observe(reward, float(i), POLICY.drift_evidence, POLICY.reward_drop)
    assert restarted == undisturbed


@given(segments, segments, segments)
def test_joining_segments_is_associative_and_commutative(one: Segment, two: Segment, three: Segment) -> None:
    assert one.joined(two).joined(three) == one.joined(two.joined(three))
    assert one.joined(two) == two.joined(one)


@settings(max_examples=40)
@given(st.lists(segments, max_size=8), st.lists(segments, max_size=8), st.lists(segments, max_size=8))
def test_shards_merge_in_any_order(one: list[Segment], two: list[Segment], three: list[Segment]) -> None:
    """And so the judgement on all of them does not depend on who was merged first."""
    everything = merged(one, two, three)
    assert merged(merged(one, two), three) == merged(one, merged(two, three)) == merged(three, one, two)
    assert sum(s.count for s in everything) == sum(s.count for s in [*one, *two, *three])
    assert sum(s.reward_ppm for s in everything) == sum(s.reward_ppm for s in [*one, *two, *three])
    assert change(everything, 5.0, 0.1) == change(merged(three, two, one), 5.0, 0.1)


def test_shards_together_see_what_one_alone_can_not_yet() -> None:
    shards = []
    for seed in range(4):
        drift = Drift()
        alarms(successes(0.9, 32, seed) + successes(0.3, 16, seed + 9), drift)
        shards.append(drift.segments)
    assert all(change(shard, POLICY.drift_evidence, POLICY.reward_drop) is None for shard in shards)
    everything = merged(*shards)
    place = change(everything, POLICY.drift_evidence, POLICY.reward_drop)
    assert place is not None
    assert everything[place].start_s == 32.0


@pytest.mark.parametrize("row", [[0, 0, 1.0], [2, 2_000_001, 1.0], [2, -1, 1.0]])
def test_what_can_not_be_a_segment_is_refused(row: list[float]) -> None:
    with pytest.raises(msgspec.ValidationError, match="rewards can't sum to"):
        msgspec.convert(row, Segment)
