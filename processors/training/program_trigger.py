"""The trigger that asks for a prompt program, made from the one that a policy was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from signalbox.events import OffsetRange, OptimizationTrigger
from signalbox.names import PROGRAM

ROUTING_PROGRAM = PROGRAM + "routing"
"""The scope of the program that answers the question of the scope `routing`."""


def chained(
    trigger: OptimizationTrigger, annotations: Sequence[OffsetRange], champion_digest: str | None, look: int
) -> OptimizationTrigger:
    """The second stage of a trigger of scope `routing`: the same evidence, and the labels there are of it.

    `annotations` are the ranges in which labels on its decisions may lie, unless it has them already. It keeps
    the run and the batch of the worker's trigger, by which readers know which experiences stand, and of its
    reasons the one that says that the experiences reach back behind the windows.
    """
    return structs.replace(
        trigger,
        trigger_id=f"{trigger.trigger_id}/program",
        scope=ROUTING_PROGRAM,
        reasons=("multi_stage", *(each for each in trigger.reasons if each == "annotations")),
        ranges=(*trigger.ranges, *annotations),
        look=look,
        champion_digest=champion_digest,
        trial_digest=None,
    )
