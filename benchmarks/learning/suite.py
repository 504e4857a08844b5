"""All learners on all streams with all seeds, two at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

import click

from benchmarks.learning.batch_mode import EVERY_SLOW
from benchmarks.learning.catalogue import STREAMS
from benchmarks.learning.rows import BatchResult, EventResult, batch_row, event_rows
from benchmarks.learning.tasks import BatchWay, Source, StreamFacts, in_batches, per_event, vowpal_wabbit
from benchmarks.learning.vowpal import FEW_AGENTS, settings_for
from benchmarks.measure import Measure, Options

FIRST_SEED = 100
"""Nothing was chosen on this seed and those after it."""
PROCESSES = 2
BATCH_STREAM = "clinc10"
"""The stream on which the service's way of learning is simulated."""
BATCHES = (
    BatchWay("value", gate=True),
    BatchWay("grpo", gate=True, every=EVERY_SLOW, most_seeds=2),
    BatchWay("grpo", gate=False, every=EVERY_SLOW, most_seeds=2),
    BatchWay("value", gate=False),
)
MOST_PEER_SEEDS = 1
"""With many agents, so that the peers don't take most of the time."""
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
    """Hands a task with each of the seeds, or with the first of them, to the processes."""

    pool: ProcessPoolExecutor
    options: Options

    def __call__(
        self, task: Callable[..., Result], source: Source, *rest: object, most: int | None = None
    ) -> list[Future[Result]]:
        count = self.options.seeds if most is None else min(self.options.seeds, most)
        futures = []
        for seed in range(FIRST_SEED, FIRST_SEED + count):
            futures.append(self.pool.submit(task, source, seed, self.options.quick, *rest))
            futures[-1].add_done_callback(partial(_tell, f"{source.name}, seed {seed}, {task.__name__} {rest}"))
        return futures


def _run(submit: _Submit, facts: dict[Source, StreamFacts]) -> Iterator[Measure]:
    # The longest first, so that no process is left alone with one at the end.
    batches = [
        (source, way, submit(in_batches, source, way, most=way.most_seeds))
        for source in facts
        if source.name == BATCH_STREAM
        for way in BATCHES
    ]
    ours = {source: submit(per_event, source) for source in facts}
    peers = {
        source: {
            name: [submit(vowpal_wabbit, source, settings, most=_peer_seeds(found.agents)) for settings in grid]
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


def _tell(what: str, future: Future[Result]) -> None:
    """Progress, as a whole run takes long."""
    if not future.cancelled() and not future.exception():
        click.echo(f"{what}: {future.result()}", err=True)


def _peer_seeds(agents: int) -> int | None:
    return MOST_PEER_SEEDS if agents > FEW_AGENTS else None


def _all(futures: list[Future[Result]]) -> list[Result]:
    return [future.result() for future in futures]


def _sources(options: Options) -> list[Source]:
    if options.train is None:
        return [Source(name) for name in STREAMS]
    return [Source(options.train.stem, options.train, options.test, options.cards)]
