"""The replay buffer's sample: what it holds, and what it does not depend on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.buffer import BufferPolicy, ReplayBuffer
from processors.window import Row, Stratum, Window, stratum_of

AGENTS = ("search", "summary", "report", "image")


def rows_of(hashes: Iterable[int]) -> list[Row]:
    """Rows whose stratum and reward follow from their hash."""
    return [Row(h, (h % 97) / 97, 0, stratum_of(AGENTS[(h * h) % 7 % 4], "text", (h % 3) / 3)) for h in hashes]


def sample_of(rows: Iterable[Row], capacity: int) -> Window:
    window = Window(capacity)
    for row in rows:
        window.add(row)
    return window


def by_definition(rows: Iterable[Row], capacity: int) -> set[int]:
    """The first `capacity` by (rank inside their stratum, hash), as the module's description says."""
    strata: dict[Stratum, list[int]] = defaultdict(list)
    for row in rows:
        strata[row.stratum].append(row.hash)
    places = [(rank, h) for hashes in strata.values() for rank, h in enumerate(sorted(hashes))]
    return {h for _, h in sorted(places)[:capacity]}


hash_sets = st.sets(st.integers(0, 2**64 - 1), max_size=60)
capacities = st.integers(1, 25)


@given(hash_sets, capacities, st.randoms(use_true_random=False))
def test_the_sample_depends_only_on_the_set(hashes: set[int], capacity: int, random: object) -> None:
    rows = rows_of(hashes)
    shuffled = [*rows, *rows[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    window, other = sample_of(rows, capacity), sample_of(shuffled, capacity)
    assert set(window.rows) == by_definition(rows, capacity)
    assert window.rows == other.rows
    assert window.left_out == other.left_out


@given(hash_sets, capacities)
def test_never_more_than_its_capacity_and_never_less_than_there_is(hashes: set[int], capacity: int) -> None:
    window = sample_of(rows_of(hashes), capacity)
    assert len(window.rows) == min(capacity, len(hashes))
    assert {h: s for s, kept in window.strata.items() for h in kept} == {
        h: row.stratum for h, row in window.rows.items()
    }


@given(hash_sets, st.integers(0, 2**16), capacities)
def test_shards_merge_exactly(hashes: set[int], cut: int, capacity: int) -> None:
    """The sample of the union is the sample of the shards' samples, with the same weights."""
    rows = rows_of(hashes)
    whole = sample_of(rows, capacity)
    merged = Window(capacity)
    for shard in (0, 1):
        part = sample_of([r for r in rows if (r.hash ^ cut) % 2 == shard], capacity)
        for row in part.rows.values():
            merged.restore(row)
        for stratum, left_out in part.left_out.items():
            merged.limit(stratum, left_out)
    assert merged.rows == whole.rows
    assert merged.left_out == whole.left_out


@given(hash_sets)
def test_every_stratum_is_represented(hashes: set[int]) -> None:
    rows = rows_of(hashes)
    strata = {row.stratum for row in rows}
    window = sample_of(rows, max(1, len(strata)))
    assert {row.stratum for row in window.rows.values()} == strata


def test_a_rare_stratum_keeps_all_it_has_beside_a_flood() -> None:
    random = np.random.default_rng(5)
    flood = [Row(int(h), 0.9, 0, ("search", "text", 2)) for h in random.integers(0, 2**63, 5000)]
    rare = [Row(int(h), 0.1, 0, ("report", "video", 0)) for h in random.integers(0, 2**63, 20)]
    kept = Counter(row.stratum for row in sample_of([*flood, *rare], 100).rows.values())
    assert kept == {("search", "text", 2): 80, ("report", "video", 0): 20}


def test_weights_estimate_the_sizes_of_strata_without_bias() -> None:
    sizes = {("search", "text", 2): 600, ("summary", "text", 1): 150, ("report", "text", 0): 20}
    estimates: dict[Stratum, list[float]] = {stratum: [] for stratum in sizes}
    random = np.random.default_rng(11)
    for _ in range(400):
        window = Window(90)
        for stratum, size in sizes.items():
            for h in random.integers(0, 2**64, size, dtype=np.uint64):
                window.add(Row(int(h), 0.5, 0, stratum))
        for stratum, found in estimates.items():
            found.append(sum(window.weight(row) for row in window.rows.values() if row.stratum == stratum))
    for stratum, size in sizes.items():
        assert abs(np.mean(estimates[stratum]) / size - 1) < 0.03, stratum
    assert set(estimates["report", "text", 0]) == {20.0}, "what is kept whole stands for itself"


def test_a_revision_keeps_its_place_and_changes_its_reward() -> None:
    window = Window(10)
    first = Row(7, 0.2, 0, ("search", "text", 0))
    assert window.add(first)
    assert window.add(Row(7, 0.9, 2, ("search", "text", 2)))
    assert window.rows[7] == Row(7, 0.9, 2, ("search", "text", 0))
    assert not window.add(Row(7, 0.5, 1, ("search", "text", 1))), "an older revision changes nothing"
    assert not window.add(first)
    assert window.rows[7].reward == 0.9


def test_a_revision_of_what_was_left_out_does_not_come_in() -> None:
    window = sample_of([Row(h, 0.5, 0, ("search", "text", 1)) for h in (1, 2, 3)], 2)
    assert set(window.rows) == {1, 2}
    assert not window.add(Row(3, 0.9, 1, ("search", "text", 2)))
    assert set(window.rows) == {1, 2}


def test_restoring_keeps_the_newest_revision_in_any_order() -> None:
    old, new = Row(7, 0.2, 0, ("search", "text", 0)), Row(7, 0.9, 1, ("search", "text", 0))
    for order in ((old, new), (new, old)):
        window = Window(10)
        for row in order:
            window.restore(row)
        assert window.rows[7] == new


@given(hash_sets, capacities)
def test_an_offer_changes_at_most_one_limit(hashes: set[int], capacity: int) -> None:
    """So that what a batch writes is bounded by what it brought."""
    window = Window(capacity)
    for row in rows_of(hashes):
        before = set(window.rows)
        changed = window.add(row)
        limits = window.changed_limits()
        assert len(limits) <= 1
        assert changed or (not limits and set(window.rows) == before)
        assert len(before - set(window.rows)) <= 1


def test_windows_are_whole_seconds_of_event_time() -> None:
    policy = BufferPolicy(window_s=3600)
    assert policy.window_of(7199.999) == 3600
    assert policy.window_of(7200.0) == 7200


def test_the_digest_names_what_is_kept() -> None:
    policy = BufferPolicy(window_s=60, windows=3, capacity=5)
    rows = rows_of(range(10, 30))

    def buffer_of(order: Iterable[Row]) -> ReplayBuffer:
        buffer = ReplayBuffer(policy)
        for row in order:
            buffer.add(60.0 * (row.hash % 2), row)
        return buffer

    buffer = buffer_of(rows)
    assert buffer.digest() == buffer_of(reversed(rows)).digest()
    assert len(buffer) == 10
    kept = next(iter(buffer.windows[0].rows.values()))
    before = buffer.digest()
    buffer.add(0.0, replace(kept, revision=1, reward=0.123))
    assert buffer.digest() != before, "another reward is another sample"
    assert buffer_of(rows).evict(60) == [0]


def test_evicted_windows_are_gone_and_the_sample_is_in_order() -> None:
    buffer = ReplayBuffer(BufferPolicy(window_s=60, windows=3, capacity=5))
    for row in rows_of([9, 3, 7]):
        buffer.add(60.0 * row.hash, row)
    assert [row.hash for row, _ in buffer.sample()] == [3, 7, 9]
    assert buffer.evict(60 * 7) == [180]
    assert [(row.hash, weight) for row, weight in buffer.sample()] == [(7, 1.0), (9, 1.0)]
    assert ReplayBuffer(buffer.policy).digest() != buffer.digest()


def test_reward_bands() -> None:
    assert [stratum_of("a", "text", r)[2] for r in (0.0, 0.33, 0.34, 0.66, 0.67, 1.0)] == [0, 0, 1, 1, 2, 2]
