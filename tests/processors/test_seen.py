"""The memory of decisions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processors.seen import BUCKET_S, EDGE_S, SeenDecisions

hashes = st.integers(0, 2**64 - 1)


def test_a_decision_is_found_at_about_its_time_only() -> None:
    seen = SeenDecisions()
    late = 10 * BUCKET_S - 1.0
    seen.add(7, late)
    assert seen.contains(7, late)
    assert seen.contains(7, late + EDGE_S), "just over the edge of its hour"
    assert not seen.contains(7, late + EDGE_S + 2)
    seen.add(8, 10 * BUCKET_S + 1.0)
    assert seen.contains(8, 10 * BUCKET_S - 1.0)
    assert not seen.contains(9, late)


@given(st.lists(st.tuples(hashes, st.integers(0, 30)), max_size=60))
def test_packing_changes_nothing_that_is_asked(decisions: list[tuple[int, int]]) -> None:
    seen = SeenDecisions()
    for decision, hour in decisions:
        seen.add(decision, hour * BUCKET_S + 1800.0)
        seen.forget(0.0)
    for decision, hour in decisions:
        assert seen.contains(decision, hour * BUCKET_S + 1800.0)
    assert len(seen) == len(set(decisions))


def test_a_day_is_remembered_and_then_forgotten() -> None:
    seen = SeenDecisions()
    for hour in range(30):
        seen.add(hour, hour * BUCKET_S + 1800.0)
        seen.forget((hour - 24) * BUCKET_S + 1800.0)
    assert [h for h in range(30) if seen.contains(h, h * BUCKET_S + 1800.0)] == list(range(5, 30))
    assert len(seen) == 25


def test_an_hour_that_was_packed_takes_further_decisions() -> None:
    seen = SeenDecisions()
    for hour in range(4):
        seen.add(hour, hour * BUCKET_S)
    seen.forget(0.0)
    seen.add(99, 10.0)
    assert seen.contains(99, 10.0)
    assert seen.contains(0, 10.0)
    seen.forget(0.0)
    assert seen.contains(99, 10.0)
    assert seen.contains(0, 10.0)
    assert not seen.contains(50, 10.0)
    assert len(seen) == 5


@given(st.sets(hashes))
def test_recovered_hashes_are_found(decisions: set[int]) -> None:
    seen = SeenDecisions()
    seen.extend(decisions, 5)
    assert all(seen.contains(h, 5.5 * BUCKET_S) for h in decisions)
    assert len(seen) == len(decisions)
