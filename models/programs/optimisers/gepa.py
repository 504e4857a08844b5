"""GEPA: instructions evolve by reflection on what the metric says of the program's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.programs.budget import GEPA_MINIBATCH
from models.programs.metric import feedback_metric
from models.programs.optimisers.task import Task

if TYPE_CHECKING:
    import dspy


def gepa(task: Task) -> dspy.Module:
    """A program with the best instructions; it keeps the demonstrations of its start."""
    import dspy

    optimiser = dspy.GEPA(
        metric=feedback_metric(task.spec),
        # Exactly one budget: this, and neither of `max_full_evals` and `max_metric_calls`.
        auto=task.configuration.effort,
        reflection_lm=task.lm,
        # DSPy's three examples a reflection show few kinds of mistakes at once, and its draw from the Pareto
        # front spreads a small budget over many half-learned instructions: docs/programs.md has the figures.
        reflection_minibatch_size=GEPA_MINIBATCH,
        candidate_selection_strategy="current_best",
        num_threads=task.configuration.concurrency,
        seed=task.configuration.seed,
    )
    return optimiser.compile(task.student(), trainset=task.trainset(), valset=task.valset())
