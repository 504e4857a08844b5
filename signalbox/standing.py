"""Which of a worker's experiences stand, after crashes.

A worker publishes what a batch gives before it commits the batch's state. If it dies between the two, its
successor applies the same source records again, perhaps in another grouping, and the dead one's last batch
was written in vain. A run's name says from which batch on its predecessors' experiences are void: from the
one after the last committed batch that gave any. A run's own first batch would not do: another run may have
come between and have died without an experience, so that no reader of experiences knows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

R = TypeVar("R")


def run_name(void_from: int, nonce: str) -> str:
    """The name of a run that makes all earlier experiences from batch `void_from` on void."""
    return f"{void_from}-{nonce}"


def void_from(run: str) -> int:
    """The number of the first batch whose earlier experiences `run` makes void."""
    return int(run.partition("-")[0])


def standing(records: Iterable[R], run_of: Callable[[R], str], batch_of: Callable[[R], int]) -> list[R]:
    """The records of one partition, in log order, without those that a dead run wrote in vain."""
    kept: list[R] = []
    run = ""
    for record in in_succession(records, run_of, lambda record: void_from(run_of(record))):
        if run_of(record) != run:
            run = run_of(record)
            first = void_from(run)
            while kept and batch_of(kept[-1]) >= first:
                kept.pop()
        kept.append(record)
    return kept


def in_succession(
    records: Iterable[R], run_of: Callable[[R], str], began_of: Callable[[R], int]
) -> Iterator[R]:
    """The records of one partition, in log order, without those of runs that already had a successor.

    A worker that was frozen may write once more when it wakes up, although another has taken over. `began_of`
    tells from a run's first record where it begins: a successor does not begin before its predecessor.
    """
    run, began = "", 0
    ended: set[str] = set()
    for record in records:
        name = run_of(record)
        if name != run and name not in ended:
            if began_of(record) < began:
                ended.add(name)
            else:
                ended.add(run)
                run, began = name, began_of(record)
        if name not in ended:
            yield record
