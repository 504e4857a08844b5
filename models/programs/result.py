"""What comes of optimising a program, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from models.programs.configuration import OptimizerName


class Progress(NamedTuple):
    """How far the training of a program is; numbers only, so that it may be logged.

    `best_score`, in [0, 1], is of the examples that are kept to choose by; None before the first is known.
    """

    stage: str
    calls: int
    expected_calls: int
    best_score: float | None


class Attempt(NamedTuple):
    """An optimiser that ran, or was to run; `error` says why it gave no program, `score` is its program's."""

    optimizer: OptimizerName
    score: float | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class OptimisedProgram:
    """A program's state, in plain JSON values, for the signature with this `fingerprint`.

    `optimizer` made it; None where none made anything better than the start, whose state it then is. `tried`
    are all attempts in their order. Scores, in [0, 1], are weighted means over `validation` examples that no
    optimiser was given to learn from; `examples` counts all. `message` is one sentence for a person.
    """

    state: dict[str, Any]
    fingerprint: str
    optimizer: OptimizerName | None
    tried: tuple[Attempt, ...]
    calls: int
    expected_calls: int
    score_before: float
    score_after: float
    examples: int
    validation: int
    demos: int
    message: str
