"""BootstrapFewShot: demonstrations that the program itself answered rightly, filled up with labelled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.programs.metric import RIGHT, score_metric
from models.programs.optimisers.task import Task

if TYPE_CHECKING:
    import dspy


def bootstrap(task: Task) -> dspy.Module:
    """A program with at most `max_demos` demonstrations, drawn by weight."""
    import dspy

    # All that it is given ends up as demonstrations: DSPy's own draw among more would not know of weights.
    shown = task.demonstrations()[: task.configuration.max_demos]
    optimiser = dspy.BootstrapFewShot(
        metric=score_metric(task.spec),
        # Without a threshold any score that is true counts as success.
        metric_threshold=RIGHT,
        max_labeled_demos=task.configuration.max_demos,
        max_errors=len(shown) + 1,
    )
    return optimiser.compile(task.student(), trainset=shown)
