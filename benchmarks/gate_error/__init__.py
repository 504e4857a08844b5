"""How often the gate promotes what is no better, and how often what is, on candidates whose worth is known."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.gate_error.screen import run as run_screen
from benchmarks.gate_error.trial import run as run_trial
from benchmarks.measure import Measure, Options

CANDIDATES = 1_000


def run(options: Options) -> Iterator[Measure]:
    """Wrong promotions and power of both stages, with so many candidates for each seed."""
    count = CANDIDATES // 10 if options.quick else CANDIDATES
    yield from run_screen(count, options.seeds)
    yield from run_trial(count, options.seeds)
