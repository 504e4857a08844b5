"""Which records of a worker stand, after crashes."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from signalbox.standing import run_name, standing, void_from


class Written(NamedTuple):
    run: str
    batch: int
    what: str = ""


def stand(records: list[Written]) -> list[Written]:
    return standing(records, lambda w: w.run, lambda w: w.batch)


def test_a_run_is_named_after_its_void_from() -> None:
    assert run_name(7, "ab-c") == "7-ab-c"
    assert void_from("7-ab-c") == 7


def test_nothing_is_void_without_a_crash() -> None:
    records = [Written("1-a", batch) for batch in (1, 1, 2, 4)]
    assert stand(records) == records
    assert stand([]) == []


def test_the_last_batch_of_a_dead_run_is_void() -> None:
    records = [Written("1-a", 1), Written("1-a", 2), Written("1-a", 2), Written("2-b", 2), Written("2-b", 3)]
    assert stand(records) == [records[0], records[3], records[4]]


def test_a_run_that_died_after_its_state_was_written_keeps_all() -> None:
    records = [Written("1-a", 1), Written("1-a", 2), Written("3-b", 3)]
    assert stand(records) == records


def test_two_dead_runs_in_a_row() -> None:
    records = [Written("1-a", 1), Written("1-a", 2), Written("2-b", 2), Written("2-c", 2), Written("2-c", 3)]
    assert stand(records) == [records[0], records[3], records[4]]


def test_a_run_that_published_nothing_leaves_no_trace() -> None:
    records = [Written("1-a", 1), Written("1-a", 2), Written("2-c", 3)]
    assert stand(records) == [records[0], records[2]]


def test_a_run_between_that_published_nothing_leaves_a_dead_batch_void() -> None:
    """Run b did batch 3 again, as one without experiences, and committed it: run c must say so."""
    records = [Written("1-a", 2), Written("1-a", 3, "dead"), Written("3-c", 5)]
    assert stand(records) == [records[0], records[2]]


def test_a_run_that_was_succeeded_does_not_come_back() -> None:
    """A frozen worker woke up and wrote; what its successor wrote before and after that stands."""
    records = [Written("1-a", 1), Written("2-b", 2), Written("1-a", 2), Written("2-b", 3)]
    assert stand(records) == [records[0], records[1], records[3]]


def test_a_run_that_begins_before_the_present_one_is_not_its_successor() -> None:
    records = [Written("1-a", 1), Written("3-c", 3), Written("2-b", 2), Written("3-c", 4), Written("2-b", 2)]
    assert stand(records) == [records[0], records[1], records[3]]


@given(st.integers(0, 2**32 - 1))
def test_what_stands_is_what_was_committed(seed: int) -> None:
    """Batches with and without records; deaths before and after their commit, any number of times."""
    random = Random(seed)
    log: list[Written] = []
    committed: list[Written] = []
    batch, runs, last = 1, 0, 0
    while batch < 12:
        runs += 1
        run = run_name(last + 1, str(runs))
        while batch < 12:
            written = [Written(run, batch, str(i)) for i in range(random.randint(0, 2))]
            fate = random.random()
            if fate < 0.25:
                log += written[: random.randint(0, len(written))]
                break
            log += written
            committed += written
            last = batch if written else last
            batch += 1
            if fate < 0.5:
                break
    assert stand([*log, Written(run_name(last + 1, "reader"), batch)])[:-1] == committed
