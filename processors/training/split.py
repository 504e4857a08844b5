"""Which experiences count, and which of them training may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from models.held_out import is_held_out
from processors.training.labels import Labelled
from signalbox.errors import Stop
from signalbox.events import Experience


@dataclass(frozen=True)
class Split:
    """The held-out experiences, all others (`shown`), and those of the sample that training may see.

    What labels add to the sample (`processors.training.labels`) is in `training`, too; `weights` are of those.
    """

    held_out: list[Experience]
    shown: list[Experience]
    training: list[Experience]
    weights: dict[str, float] = field(default_factory=dict)


def newest_revisions(
    experiences: Iterable[Experience], tenant_id: str, since: datetime | None = None
) -> list[Experience]:
    """One experience a decision, the newest revision, in an order that doesn't depend on arrival.

    What was decided before `since` (the moment at which the rewards began to be others) is void. Raises `Stop`
    for another tenant's experience.
    """
    newest: dict[str, Experience] = {}
    for item in experiences:
        if item.tenant_id != tenant_id:
            raise Stop(f"experience {item.decision_id}: tenant {item.tenant_id!r}, not {tenant_id!r}")
        known = newest.get(item.decision_id)
        if known is None or item.revision > known.revision:
            newest[item.decision_id] = item
    counted = (item for item in newest.values() if since is None or item.occurred_at >= since)
    return sorted(counted, key=lambda item: (item.occurred_at, item.decision_id))


def split(
    everything: Sequence[Experience],
    sample: Set[str] | None,
    share: float,
    labelled: Labelled | None = None,
) -> Split:
    """Hold out a `share` of everything; the sample (everything where it is None) without it is for training.

    `sample` are ids of decisions. What is `labelled` is trained on whether it was sampled or not, each with its
    correction, unless it is held out. It comes last: a learner that passes once over all has the latest best in
    mind, and a label says more than a measurement.
    """
    shown = [item for item in everything if not is_held_out(item.decision_id, share)]
    held_out = [item for item in everything if is_held_out(item.decision_id, share)]
    training = shown if sample is None else [item for item in shown if item.decision_id in sample]
    if labelled is not None and labelled.decisions:
        training = [item for item in training if item.decision_id not in labelled.decisions]
        for item in shown:
            if item.decision_id in labelled.decisions:
                training.append(item)
                if correction := labelled.corrections.get(item.decision_id):
                    training.append(correction)
    return Split(held_out, shown, training, labelled.weights if labelled else {})
