"""Examples to a program: validate, choose an optimiser, run it, and keep what is better than the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from models.errors import NothingToLearn
from models.programs.budget import Meter, callback_of, expected_calls
from models.programs.configuration import ProgramConfiguration
from models.programs.example import ProgramExample
from models.programs.optimisers import Task
from models.programs.quiet import quiet
from models.programs.result import OptimisedProgram, Progress
from models.programs.search import Search
from models.programs.selection import stages_of
from models.programs.validation import validate
from models.programs.weighting import divided
from signalbox.program import SignatureSpec, running

if TYPE_CHECKING:
    import dspy


def optimise(
    spec: SignatureSpec,
    examples: Sequence[ProgramExample],
    lm: dspy.LM,
    configuration: ProgramConfiguration,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> OptimisedProgram:
    """A program from examples; the same for the same arguments, if the language model is a pure function.

    The optimiser follows from the number of examples and the configuration (`stages_of`). One that fails gives
    way to the next simpler one; what isn't better than its start on examples kept to choose by is not taken.
    Where Bootstrap was best, these examples are then demonstrations, too.

    Raises `InvalidExamples` or `NothingToLearn` before the first call of the language model, `ProgramError`
    where that fails on examples, and `Cancelled` (a `BaseException`) soon after `cancelled()` is true. The
    `progress` function is called before every call, also from other threads.
    """
    validate(spec, examples)
    if all(row.outputs is None for row in examples):
        raise NothingToLearn(f"none of {len(examples)} examples has a right answer")
    training, validation = divided(examples, configuration.seed)
    stages = stages_of(len(examples), configuration)
    expected = len(validation) + sum(
        expected_calls(stage, len(training), len(validation), configuration) for stage in stages
    )
    meter = Meter(expected, progress, cancelled)
    with quiet(), running(lm, threads=configuration.concurrency, callbacks=[callback_of(meter)]):
        search = Search(Task(spec, None, training, validation, configuration, lm), meter)
        before = search.begin()
        for stage in stages[:-1]:
            search.run(stage)
        search.run_or_simpler(stages[-1])
        search.refit()
    return search.result(before, len(examples), expected)
