"""What an artifact was made from, as its trigger tells it."""

from __future__ import annotations

from models.configuration import TrainingConfiguration
from signalbox.events import OptimizationTrigger
from signalbox.policy import Lineage


def lineage_of(
    trigger: OptimizationTrigger,
    configuration: TrainingConfiguration,
    *,
    samples: int,
    promotions: int,
    former_digest: str | None = None,
) -> Lineage:
    """The lineage of what was trained on so many `samples`, and would be promotion number `promotions`.

    Settings that a trigger of an earlier version doesn't name are left out, so that its bytes stay the same.
    """
    told = trigger.configuration
    return Lineage(
        trigger_id=trigger.trigger_id,
        parent_digest=trigger.champion_digest,
        ranges=trigger.ranges,
        buffer_digest=trigger.buffer_digest,
        seed=trigger.seed,
        code_version=trigger.code_version,
        configuration={name: x for name, x in configuration.to_dict().items() if not told or name in told},
        training_samples=samples,
        promotions=promotions,
        changed_at=trigger.changed_at,
        former_digest=former_digest,
    )
