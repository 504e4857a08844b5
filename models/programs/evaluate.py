"""How well a program answers examples that it wasn't made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.programs.example import ProgramExample
from models.programs.metric import score_metric
from models.programs.optimisers.task import dspy_examples
from models.programs.quiet import quiet
from signalbox.errors import ProgramError
from signalbox.program import SignatureSpec, load_module, running

if TYPE_CHECKING:
    import dspy

TOLERATED = 0.1
"""The share of calls that may fail before nothing can be said of a program."""


def scores_of(
    spec: SignatureSpec, module: dspy.Module, rows: Sequence[ProgramExample], threads: int
) -> NDArray[np.float64]:
    """The metric of the module's answer to each row, shape (n,), inside `running`.

    An answer that can't be read scores 0. A call that fails says nothing about the program: its score is NaN,
    and where more than a tenth of them fail, `ProgramError` is raised.
    """
    import dspy
    from dspy.utils.exceptions import AdapterParseError, DSPyError

    failures: list[DSPyError] = []

    def ask(**inputs: Any) -> Any:
        try:
            return module(**inputs)
        except AdapterParseError:
            return dspy.Prediction()
        except DSPyError as error:
            failures.append(error)
            raise

    evaluate = dspy.Evaluate(
        devset=dspy_examples(rows),
        metric=score_metric(spec),
        num_threads=threads,
        max_errors=len(rows) + 1,
        failure_score=np.nan,
        display_progress=False,
    )
    scores = np.array([score for _, _, score in evaluate(ask).results], dtype=np.float64)
    failed = int(np.isnan(scores).sum())
    if failed > TOLERATED * len(rows):
        what = f"the language model failed: {type(failures[0]).__name__}" if failures else "the metric failed"
        message = f"{spec.name}: {what}, on {failed} of {len(rows)} examples"
        raise ProgramError(message) from (failures[0] if failures else None)
    return scores


def score_program(
    spec: SignatureSpec,
    state: Mapping[str, Any] | None,
    rows: Sequence[ProgramExample],
    lm: dspy.LM,
    threads: int,
) -> NDArray[np.float64]:
    """`scores_of` for a program's state, untrained for None."""
    with quiet(), running(lm, threads=threads):
        return scores_of(spec, load_module(spec, state), rows, threads)


def weighted_mean(scores: NDArray[np.float64], rows: Sequence[ProgramExample]) -> float:
    """The mean score, each row counted by its weight, of those that have one."""
    known = ~np.isnan(scores)
    weights = np.array([row.weight for row in rows])[known]
    return float(scores[known] @ weights / weights.sum())
