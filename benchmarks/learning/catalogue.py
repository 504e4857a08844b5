"""The benchmark's own streams by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.corpus import Corpus, corpus
from benchmarks.learning.graded import costs, neighbours, rare_failures
from benchmarks.learning.streams import Stream, by_domain, by_intent, cards_of, from_table

Build = Callable[[str, Corpus, np.random.Generator], Stream]
Table = Callable[[Corpus], NDArray[np.float64]]


class Entry(NamedTuple):
    """What makes a stream, and what is special about it."""

    build: Build
    summary: str


def _from(table: Table, *, cards: bool = False) -> Build:
    def build(name: str, texts: Corpus, rng: np.random.Generator) -> Stream:
        return from_table(name, texts, table(texts), rng, cards_of(texts) if cards else None)

    return build


_PARTIAL = partial(by_intent, same_domain=0.2)
STREAMS = {
    "clinc10": Entry(_from(by_domain), "the domains are the agents"),
    "clinc150": Entry(_from(by_intent), "the intents are the agents"),
    "clinc150-cards": Entry(_from(by_intent, cards=True), "the intents' names are the agents' cards"),
    "partial150": Entry(_from(_PARTIAL), "an agent of the right domain earns .2"),
    "partial150-cards": Entry(_from(_PARTIAL, cards=True), "the same with cards"),
    "neighbours10": Entry(neighbours, "a neighbour earns .3, a tenth of the rewards is flipped"),
    "costs10": Entry(costs, "a cost per agent, and Gaussian noise"),
    "rare-failures10": Entry(rare_failures, "right .95, wrong .5 to .7, success or failure"),
}


def build_stream(name: str, seed: int) -> Stream:
    """A stream of `STREAMS`; the same seed gives the same queries in the same order with the same rewards."""
    return STREAMS[name].build(name, corpus(), np.random.default_rng([seed, crc32(name.encode())]))
