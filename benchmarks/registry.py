"""Every benchmark under its permanent id; a module is imported only when its benchmark runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

from benchmarks.measure import Measure, Options


class Benchmark(NamedTuple):
    """A module with a function `run(Options) -> Iterable[Measure]`, and what it measures."""

    module: str
    summary: str


BENCHMARKS = {
    "decide-latency": Benchmark("benchmarks.decide_latency", "how long a router's decision takes"),
    "throughput": Benchmark("benchmarks.throughput", "events through one worker process, and its recovery"),
}


def load(benchmark_id: str) -> Callable[[Options], Iterable[Measure]]:
    """The function that runs a benchmark; raises `KeyError` for an unknown id."""
    run: Callable[[Options], Iterable[Measure]] = import_module(BENCHMARKS[benchmark_id].module).run
    return run
