"""What training may keep of the time before the rewards changed."""

from __future__ import annotations

from processors.training.answers import Deployed
from signalbox.errors import ArtifactError
from signalbox.events import OptimizationTrigger, epoch_s
from signalbox.policy import Manifest


def is_void(champion: Manifest, trigger: OptimizationTrigger) -> bool:
    """Whether the champion was learned before the rewards changed, so that what it says of agents is wrong."""
    return trigger.changed_at is not None and champion.lineage.changed_at != trigger.changed_at


def former_digest(trigger: OptimizationTrigger, champion: Manifest | None) -> str | None:
    """The policy that was in force when the rewards changed: from it one learns which queries are alike.

    That is the champion or, if that has been learned since, the one named in its lineage. None where nothing
    has changed, and once the replay buffer holds nothing from before: then the experiences tell it better.
    """
    if champion is None or trigger.changed_at is None:
        return None
    if is_void(champion, trigger):
        return trigger.champion_digest
    if trigger.windows and min(trigger.windows) >= epoch_s(trigger.changed_at):
        return None
    return champion.lineage.former_digest


def former_of(trigger: OptimizationTrigger, champion: Deployed | None, data: bytes | None) -> Deployed | None:
    """That policy; `data` are its bytes, unless it is the champion.

    Without them training begins with nothing. Raises `ArtifactError` for another policy's bytes.
    """
    wanted = former_digest(trigger, champion.policy.manifest if champion else None)
    if champion and wanted == champion.digest:
        return champion
    if wanted is None or data is None:
        return None
    former = Deployed.load(data, trigger, "former")
    if former.digest != wanted:
        raise ArtifactError(f"former: {wanted[:12]} is needed, not {former.digest[:12]}")
    return former
