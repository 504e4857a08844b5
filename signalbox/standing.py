"""Which of a worker's records stand, after crashes.

A worker publishes what a batch gives before it commits the batch's state. If it dies between the two, its
successor applies the same source records again, perhaps in another grouping, and the dead one's last batch
was written in vain. A worker commits batch n before it starts n+1, so at most one batch of a run is void: the
one with which the next run begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

R = TypeVar("R")


def run_name(first_batch: int, nonce: str) -> str:
    """The name of a run that begins with batch number `first_batch`."""
    return f"{first_batch}-{nonce}"


def first_batch(run: str) -> int:
    """The number of the batch with which `run` begins."""
    return int(run.partition("-")[0])


def standing(records: Iterable[R], run_of: Callable[[R], str], batch_of: Callable[[R], int]) -> list[R]:
    """The records of one partition, in log order, without those that a dead run wrote in vain."""
    kept: list[R] = []
    run = ""
    for record in records:
        if run_of(record) != run:
            run = run_of(record)
            first = first_batch(run)
            while kept and batch_of(kept[-1]) >= first:
                kept.pop()
        kept.append(record)
    return kept
