"""How much each prompt optimiser improves the routing program, with the offline model.

The offline model is a deterministic in-context learner, not a language model: the table shows that each
optimiser learns and at what cost in calls, not which one is best with your model.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import fmean, pstdev
from typing import NamedTuple

import numpy as np
from msgspec import structs

from adapters.language_model import offline_lm
from benchmarks.measure import Measure, Options
from benchmarks.prompt_programs.peers import accuracy, peers
from benchmarks.prompt_programs.queries import Draw, sources
from models.programs import OptimisedProgram, ProgramConfiguration, ProgramExample, optimise
from models.programs.selection import OPTIMIZERS
from signalbox.program import ROUTING_POLICY

ID = "prompt-programs"
FIRST_SEED = 100
SIZES, HELD_OUT = (20, 60, 120, 250), 200
ALONE = ProgramConfiguration(enable_multi_stage=False, concurrency=1)
WAYS = {name: structs.replace(ALONE, force_optimizer=name) for name in OPTIMIZERS} | {
    "adaptive, multi-stage": ProgramConfiguration(concurrency=1)
}


class Run(NamedTuple):
    """One training; `seconds` are of CPU."""

    accuracy: float
    seconds: float
    program: OptimisedProgram


def run(options: Options) -> Iterator[Measure]:
    """Held-out accuracy of each optimiser alone and of what the service does, by data and examples."""
    sizes, held_out = ((20, 60), 60) if options.quick else (SIZES, HELD_OUT)
    found = sources()
    for data in list(found)[:1] if options.quick else found:
        for size in sizes:
            yield from _size(data, found[data], size, held_out, options.seeds)


def _size(data: str, draw: Draw, size: int, held_out: int, seeds: int) -> Iterator[Measure]:
    sets = []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        rows = draw(size + held_out, np.random.default_rng(seed))
        sets.append((seed, rows[:size], rows[size:]))
    beside = [peers(training, test, offline_lm()) for _, training, test in sets]
    known = {name: fmean(each[name] for each in beside) for name in beside[0]}
    for way, configuration in WAYS.items():
        runs = [_run(structs.replace(configuration, seed=seed), *rows) for seed, *rows in sets]
        yield _measure(data, size, way, runs, known)


def _run(
    configuration: ProgramConfiguration, training: Sequence[ProgramExample], test: Sequence[ProgramExample]
) -> Run:
    lm, start = offline_lm(), time.process_time()
    program = optimise(ROUTING_POLICY, training, lm, configuration)
    seconds = time.process_time() - start
    return Run(accuracy(program.state, test, lm), seconds, program)


def _measure(data: str, size: int, way: str, runs: Sequence[Run], known: dict[str, float]) -> Measure:
    found = [each.accuracy for each in runs]
    return Measure(
        id=ID,
        measure="held_out_accuracy",
        unit="share",
        value=fmean(found),
        better="higher",
        peers=known,
        seeds=len(runs),
        detail={
            "data": data,
            "optimiser": way,
            "examples": size,
            "before": round(known["untrained"], 4),
            "language_model_calls": round(fmean(each.program.calls for each in runs)),
            "expected_calls": round(fmean(each.program.expected_calls for each in runs)),
            "seconds": round(fmean(each.seconds for each in runs), 2),
            "spread": round(pstdev(found), 4),
            "improved": sum(each.program.optimizer is not None for each in runs),
        },
    )
