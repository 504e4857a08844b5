"""Every benchmark under its permanent id; a module is imported only when its benchmark runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

from benchmarks.measure import Measure, Options


class Benchmark(NamedTuple):
    """A module with a function `run(Options) -> Iterable[Measure]`, and what it measures.

    `seeds` and `quick_seeds` are how many it runs unless told; `takes_data`: it can run on a labelled set.
    """

    module: str
    summary: str
    seeds: int = 3
    quick_seeds: int = 3
    takes_data: bool = False


BENCHMARKS = {
    "decide-latency": Benchmark("benchmarks.decide_latency", "how long a router's decision takes"),
    "throughput": Benchmark("benchmarks.throughput", "events through one worker process, and its recovery"),
    "ope-coverage": Benchmark("benchmarks.ope_coverage", "coverage and width of off-policy intervals", 10, 3),
    "gate-error": Benchmark("benchmarks.gate_error", "wrong promotions and power of screen and trial", 1, 1),
    "drift": Benchmark("benchmarks.drift", "recovery after a change of the rewards, and false alarms", 5, 1),
    "calibration": Benchmark("benchmarks.calibration", "how often a decision's confidence comes true", 5, 1),
    "learning": Benchmark("benchmarks.learning", "reward while learning to route, and after", 5, 1, True),
    "prompt-programs": Benchmark("benchmarks.prompt_programs", "accuracy after each prompt optimiser", 5, 1),
}


def load(benchmark_id: str) -> Callable[[Options], Iterable[Measure]]:
    """The function that runs a benchmark; raises `KeyError` for an unknown id."""
    run: Callable[[Options], Iterable[Measure]] = import_module(BENCHMARKS[benchmark_id].module).run
    return run
