"""In which order a backlog is read: outcomes not before the decisions that arrived before them.

Read by equal counts, a topic with fewer records runs ahead in time. Outcomes that come before their decision
cost twice the work, and far enough ahead they are given up. Kafka Streams reads the partition with the older
record first for the same reason; the broker's stamps say which that is. In live traffic there is no backlog
and nothing waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from faust.types import TP

PATIENCE_S = 1.0
"""Outcomes wait no longer for a decision partition that has more but gives nothing: its broker may be away."""


class Backlog:
    """Holds the outcomes of a partition back while its decisions are behind them and have more to give."""

    def __init__(self, decisions: str, outcomes: str) -> None:
        self._decisions = decisions
        self._outcomes = outcomes
        self._reached_ms: dict[TP, int] = {}
        self._awaited_since_s: dict[TP, float] = {}

    def held(self, active: Set[TP], has_more: Callable[[TP], bool]) -> set[TP]:
        """The outcome partitions among `active` that are not to be read now."""
        return {tp for tp in active if tp.topic == self._outcomes and self._is_ahead(tp, active, has_more)}

    def took(self, fetched: Mapping[TP, Sequence[Any]]) -> None:
        """Note what was read."""
        for tp, records in fetched.items():
            self._reached_ms[tp] = records[-1].timestamp
            self._awaited_since_s.pop(tp, None)

    def _is_ahead(self, tp: TP, active: Set[TP], has_more: Callable[[TP], bool]) -> bool:
        decisions = TP(self._decisions, tp.partition)
        if decisions not in active or not has_more(decisions):
            return False
        if self._reached_ms.get(tp, 0) <= self._reached_ms.get(decisions, 0):
            return False
        # Counted from the first look and not from the last record: a busy worker may look rarely.
        now_s = time.monotonic()
        return now_s - self._awaited_since_s.setdefault(decisions, now_s) < PATIENCE_S
