"""Streams whose rewards change midway: what each agent is good at is another thing from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.corpus import Corpus
from benchmarks.learning.streams import Stream, by_domain, from_table

Table = NDArray[np.float64]
BROKEN_REWARD = 0.1


@dataclass(frozen=True)
class Changing:
    """A stream and the decision, counted from 0, at which its rewards change."""

    stream: Stream
    changed_at: int


def permuted(table: Table, rng: np.random.Generator) -> Table:
    """Every domain goes to another agent."""
    places = np.arange(table.shape[1])
    order = places
    while (order == places).any():
        order = rng.permutation(places)
    return table[:, order]


def swapped(table: Table, rng: np.random.Generator) -> Table:
    """Three of the agents take each other's place."""
    order = np.arange(table.shape[1])
    some = rng.choice(table.shape[1], 3, replace=False)
    order[some] = np.roll(some, 1)
    return table[:, order]


def scrambled(table: Table, rng: np.random.Generator) -> Table:
    """Every intent goes to an agent by lot: queries that were alike are so no more."""
    return table[rng.permutation(len(table))]


def broken(table: Table, rng: np.random.Generator) -> Table:
    """One agent earns a tenth of what it did, and another one can do its work."""
    agent, other = rng.choice(table.shape[1], 2, replace=False)
    changed = table.copy()
    changed[:, other] = np.maximum(table[:, other], table[:, agent])
    changed[:, agent] *= BROKEN_REWARD
    return changed


CHANGES: dict[str, Callable[[Table, np.random.Generator], Table]] = {
    "permuted": permuted,
    "swapped": swapped,
    "broken": broken,
    "scrambled": scrambled,
}


def changing(change: str, corpus: Corpus, seed: int) -> Changing:
    """The domains' agents, one pass over the corpus, with a change of `CHANGES`, or `none`, at its middle."""
    table = by_domain(corpus)
    stream = from_table(change, corpus, table, np.random.default_rng(seed))
    at = len(stream) // 2
    if change == "none":
        return Changing(stream, at)
    changed = CHANGES[change](table, np.random.default_rng([seed, *change.encode()]))
    after = from_table(change, corpus, changed, np.random.default_rng(seed))
    expected = np.concatenate([stream.expected[:at], after.expected[at:]])
    return Changing(replace(stream, expected=expected, received=expected), at)
