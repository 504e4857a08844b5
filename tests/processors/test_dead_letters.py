"""The limit on the share of refused records."""

from __future__ import annotations

import pytest

from processors.dead_letters import RECENT_RECORDS, DeadLetterLimit
from signalbox.errors import Stop, TooManyDeadLetters


def test_a_few_are_borne_for_ever() -> None:
    limit = DeadLetterLimit(0.05)
    for _ in range(1000):
        limit.count(100, 5)


def test_too_many_stop_the_worker_with_a_clear_message() -> None:
    limit = DeadLetterLimit(0.05)
    limit.count(900, 0)
    with pytest.raises(
        TooManyDeadLetters, match=r"60 of the last 1000 records .* limit is 5%; last reason: why"
    ):
        limit.count(100, 60, "why")
    assert issubclass(TooManyDeadLetters, Stop)


def test_a_start_is_too_short_to_judge() -> None:
    limit = DeadLetterLimit(0.05)
    limit.count(RECENT_RECORDS - 1, RECENT_RECORDS - 1)


def test_only_the_last_thousand_count() -> None:
    limit = DeadLetterLimit(0.5)
    for _ in range(100):
        limit.count(1000, 500)
        limit.count(500, 0)
    with pytest.raises(TooManyDeadLetters):
        limit.count(1000, 501)


def test_a_long_good_past_hides_nothing() -> None:
    limit = DeadLetterLimit(0.2)
    for _ in range(1000):
        limit.count(500, 0)
    limit.count(500, 100)
    with pytest.raises(TooManyDeadLetters):
        limit.count(500, 300)
