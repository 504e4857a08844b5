"""MIPROv2: instructions proposed from the data, combined with sets of demonstrations by Bayesian search."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from models.programs.metric import RIGHT, score_metric
from models.programs.optimisers.task import Task
from signalbox.errors import ConfigurationError

if TYPE_CHECKING:
    import dspy


def mipro(task: Task) -> dspy.Module:
    """A program with the best combination; raises `ConfigurationError` without optuna."""
    import dspy

    # It would notice only after its first language-model calls.
    if find_spec("optuna") is None:
        raise ConfigurationError("MIPROv2 needs optuna: install dspy[optuna]")
    optimiser = dspy.MIPROv2(
        metric=score_metric(task.spec),
        metric_threshold=RIGHT,
        auto=task.configuration.effort,
        max_labeled_demos=task.configuration.max_demos,
        num_threads=task.configuration.concurrency,
        # It takes 0 for no seed.
        seed=task.configuration.seed + 1,
        track_stats=False,
    )
    return optimiser.compile(task.student(), trainset=task.demonstrations(), valset=task.valset())
