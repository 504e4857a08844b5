"""SIMBA: mini-batches on which the program varies most give it a demonstration or a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.programs.budget import SIMBA_BATCH, SIMBA_CANDIDATES, SIMBA_STEPS
from models.programs.metric import feedback_metric
from models.programs.optimisers.task import Task

if TYPE_CHECKING:
    import dspy


def simba(task: Task) -> dspy.Module:
    """A program with demonstrations and rules."""
    import dspy

    effort, trainset = task.configuration.effort, task.trainset()
    optimiser = dspy.SIMBA(
        metric=feedback_metric(task.spec),
        # It asserts that its batch is no larger than its training set.
        bsize=min(SIMBA_BATCH, len(trainset)),
        num_candidates=SIMBA_CANDIDATES[effort],
        max_steps=SIMBA_STEPS[effort],
        max_demos=task.configuration.max_demos,
        num_threads=task.configuration.concurrency,
    )
    append_demo, append_rule = optimiser.strategies

    def append_a_demo_that_may_be_shown(bucket: list[dict[str, Any]], system: Any, **known: Any) -> bool:
        return task.may_show(bucket[0]["example"]) and append_demo(bucket, system, **known)

    optimiser.strategies = [append_a_demo_that_may_be_shown, append_rule]
    return optimiser.compile(task.student(), trainset=trainset, seed=task.configuration.seed)
