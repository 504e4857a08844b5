"""What one process of the benchmark does: one learner, one stream, one seed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from benchmarks.learning.batch_mode import EVERY, BatchRun, Loop
from benchmarks.learning.catalogue import build_stream
from benchmarks.learning.gated import GatedLoop
from benchmarks.learning.labelled import labelled_stream
from benchmarks.learning.per_event import Ours, Run, run_events
from benchmarks.learning.streams import Stream
from models.configuration import TrainingConfiguration

QUICK_QUERIES, QUICK_TESTS = 3_000, 750


class Source(NamedTuple):
    """A stream of the catalogue by its name, or the labelled set in the files."""

    name: str
    train: Path | None = None
    test: Path | None = None
    cards: str = "none"

    def stream(self, seed: int, quick: bool) -> Stream:
        """The stream in this seed's order, shortened for a quick answer."""
        if self.train is not None and self.test is not None:
            stream = labelled_stream(self.train, self.test, self.cards, seed)
        else:
            stream = build_stream(self.name, seed)
        return stream.shortened(QUICK_QUERIES, QUICK_TESTS) if quick else stream


class BatchWay(NamedTuple):
    """A learner, whether the gate stands before its candidates, and the experiences between two triggers.

    `changes` is what is set otherwise than by default; what takes long is run with `most_seeds` at most.
    """

    learner: Literal["value", "grpo"]
    gate: bool
    every: int = EVERY
    changes: tuple[tuple[str, float], ...] = ()
    most_seeds: int | None = None


class StreamFacts(Struct, frozen=True):
    """What a result is to be compared with."""

    texts: str
    agents: int
    queries: int
    optimum: float
    with_cards: bool

    @classmethod
    def of(cls, stream: Stream) -> StreamFacts:
        """Those of this stream."""
        with_cards = stream.cards is not None
        return cls(stream.data, len(stream.agents), len(stream), stream.optimum, with_cards)


def per_event(source: Source, seed: int, quick: bool) -> Run:
    """The value model, learning after every decision."""
    stream = source.stream(seed, quick)
    return run_events(stream, Ours(stream, seed))


def vowpal_wabbit(source: Source, seed: int, quick: bool, settings: str) -> Run:
    """VW with these settings, in the same way."""
    from benchmarks.learning.vowpal import VowpalWabbit

    stream = source.stream(seed, quick)
    return run_events(stream, VowpalWabbit(stream, seed, settings))


def in_batches(source: Source, seed: int, quick: bool, way: BatchWay) -> BatchRun:
    """A learner as the service runs it, with the service's defaults but for `way.changes`."""
    loop = GatedLoop if way.gate else Loop
    configuration = structs.replace(TrainingConfiguration(learner=way.learner), **dict(way.changes))
    return loop(source.stream(seed, quick), seed, configuration, way.every).run()
