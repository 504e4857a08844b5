"""When a cycle is due."""

import pytest

from processors.cycles.records import CYCLES
from processors.cycles.schedule import FIRST_WAIT_S, STUCK_S, CyclePolicy, Timer, due
from tests.processors.builders import NOON, report


def test_the_intervals_are_those_of_the_specification() -> None:
    minutes = {cycle: seconds / 60.0 for cycle, seconds in CyclePolicy().intervals_s.items()}
    assert minutes == {"span_evaluation": 15, "annotation": 30, "feedback": 15, "metrics": 5}


def test_what_never_ran_is_due_and_what_runs_is_not() -> None:
    timers = {cycle: Timer() for cycle in CYCLES}
    assert due(timers, CyclePolicy(), NOON, "run") == list(CYCLES)
    timers["metrics"].begin(NOON, "run")
    assert "metrics" not in due(timers, CyclePolicy(), NOON + 600.0, "run")


@pytest.mark.parametrize(("after_s", "expected"), [(299.9, False), (300.0, True)])
def test_it_is_due_again_when_its_interval_has_passed(after_s: float, expected: bool) -> None:
    timer = Timer()
    timer.begin(NOON, "run")
    timer.end(report("metrics", 2.0))
    assert timer.is_due(NOON + after_s, 300.0, "run") is expected


def test_one_that_a_dead_worker_began_is_due_at_once_and_a_stuck_one_after_an_hour() -> None:
    timer = Timer()
    timer.begin(NOON, "dead")
    assert timer.is_due(NOON + 1.0, 900.0, "alive")
    assert not timer.is_due(NOON + STUCK_S - 1.0, 900.0, "dead")
    assert timer.is_due(NOON + STUCK_S, 900.0, "dead")


def test_a_failing_cycle_backs_off_up_to_its_interval_and_a_success_ends_that() -> None:
    timer, waits = Timer(), []
    for _ in range(6):
        timer.begin(NOON, "run")
        timer.end(report("span_evaluation", 0.0, error="Phoenix is away"))
        waits.append(next(s for s in range(1, 2000) if timer.is_due(NOON + s, 900.0, "run")))
    assert waits == [FIRST_WAIT_S * factor for factor in (1, 2, 4, 8)] + [900, 900]
    assert (timer.failures, timer.error) == (6, "Phoenix is away")
    timer.end(report("span_evaluation"))
    assert (timer.failures, timer.error) == (0, None)


def test_where_there_was_more_than_one_cycle_takes_the_next_is_due_at_once() -> None:
    timer = Timer()
    timer.begin(NOON, "run")
    timer.end(report("span_evaluation", 1.0, more=True))
    assert timer.is_due(NOON + 1.0, 900.0, "run")
