"""DSPy's four optimisers behind one function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from models.programs.configuration import OptimizerName
from models.programs.optimisers.bootstrap import bootstrap
from models.programs.optimisers.gepa import gepa
from models.programs.optimisers.mipro import mipro
from models.programs.optimisers.simba import simba
from models.programs.optimisers.task import Task

if TYPE_CHECKING:
    import dspy

_RUN: dict[OptimizerName, Callable[[Task], dspy.Module]] = {
    "bootstrap": bootstrap,
    "simba": simba,
    "mipro": mipro,
    "gepa": gepa,
}


def compiled(optimizer: OptimizerName, task: Task) -> dspy.Module:
    """The optimiser's program, inside `running`: they read the language model where they are constructed."""
    return _RUN[optimizer](task)


__all__ = ["Task", "compiled"]
