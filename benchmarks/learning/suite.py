"""All learners on all streams with all seeds, two at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

from benchmarks.learning.batch_mode import EVERY_SLOW
from benchmarks.learning.catalogue import STREAMS
from benchmarks.learning.rows import BatchResult, EventResult, batch_row, event_rows
from benchmarks.learning.tasks import BatchWay, Source, StreamFacts, in_batches, per_event, vowpal_wabbit
from benchmarks.learning.vowpal import settings_for
from benchmarks.measure import Measure, Options

FIRST_SEED = 100
"""Nothing was chosen on this seed and those after it."""
PROCESSES = 2
BATCH_STREAM = "clinc10"
"""The stream on which the service's way of learning is simulated."""
LESS_CAUTION = (("improvement_threshold", 0.02), ("trial_decisions", 1500))
"""The specification's threshold of 5 % costs reward: the same gate with 2 %, and trials that end sooner."""
BATCHES = (
    BatchWay("value", gate=True, every=EVERY_SLOW),
    BatchWay("value", gate=True, every=EVERY_SLOW, changes=LESS_CAUTION),
    BatchWay("grpo", gate=True, every=EVERY_SLOW, changes=LESS_CAUTION),
    BatchWay("value", gate=False),
    BatchWay("grpo", gate=False, every=EVERY_SLOW),
)
Result = TypeVar("Result")


def run(options: Options) -> Iterator[Measure]:
    """Progressive and greedy reward and the time per event of each stream, then the reward in batch mode.

    The streams are those of the catalogue or, with `train` and `test`, that labelled set, which has no batch
    mode. Raises `ConfigurationError` where the set can't be read.
    """
    facts = {source: StreamFacts.of(source.stream(FIRST_SEED, options.quick)) for source in _sources(options)}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        try:
            yield from _run(_Submit(pool, options), facts)
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Submit:
    """Hands a task with each of the seeds to the processes."""

    pool: ProcessPoolExecutor
    options: Options

    def __call__(self, task: Callable[..., Result], source: Source, *rest: object) -> list[Future[Result]]:
        seeds = range(FIRST_SEED, FIRST_SEED + self.options.seeds)
        return [self.pool.submit(task, source, seed, self.options.quick, *rest) for seed in seeds]


def _run(submit: _Submit, facts: dict[Source, StreamFacts]) -> Iterator[Measure]:
    # The longest first, so that no process is left alone with one at the end.
    batches = [
        (source, way, submit(in_batches, source, way))
        for source in facts
        if source.name == BATCH_STREAM
        for way in BATCHES
    ]
    ours = {source: submit(per_event, source) for source in facts}
    peers = {
        source: {
            name: [submit(vowpal_wabbit, source, settings) for settings in grid]
            for name, grid in settings_for(found.agents, submit.options.quick).items()
        }
        for source, found in facts.items()
    }
    results = {}
    for source, found in facts.items():
        best = {name: [_all(futures) for futures in grid] for name, grid in peers[source].items()}
        results[source] = EventResult(source, found, _all(ours[source]), best)
        yield from event_rows(results[source])
    for source, way, futures in batches:
        yield batch_row(results[source], BatchResult(way, _all(futures)))


def _all(futures: list[Future[Result]]) -> list[Result]:
    return [future.result() for future in futures]


def _sources(options: Options) -> list[Source]:
    if options.train is None:
        return [Source(name) for name in STREAMS]
    return [Source(options.train.stem, options.train, options.test, options.cards)]
