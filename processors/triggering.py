"""From scopes that are due to the triggers that say exactly what to read."""

from __future__ import annotations

from hashlib import blake2b

from processors.partition import Partition
from processors.trigger import Due
from signalbox.events import OffsetRange, OptimizationTrigger, moment_at
from signalbox.topics import ANNOTATION, tenant_of_key


def triggers(partition: Partition, experience_topic: str) -> list[OptimizationTrigger]:
    """The triggers that the last batch gives, after its experiences were published; state notes them."""
    return [trigger_of(partition, due, experience_topic) for due in partition.ledger.due(partition.now_s)]


def trigger_of(partition: Partition, due: Due, experience_topic: str) -> OptimizationTrigger:
    """The trigger of a scope that is due; state notes it."""
    tenant_id = tenant_of_key(due.tenant_key)
    starts = [partition.first_offsets[w] for w in due.windows if w in partition.first_offsets]
    if due.labelled_s is not None:
        former = partition.former_offsets
        window = partition.policies.buffer.window_of(due.labelled_s)
        starts += [offset for start, offset in former.items() if start >= window]
    if due.trial_offset is not None:
        starts.append(due.trial_offset)
    records = OffsetRange(
        topic=experience_topic,
        partition=partition.number,
        start=min(starts, default=0),
        end=partition.experiences_end,
    )
    # An identifier of its own for every attempt: a dead run's trigger may have been answered already.
    labels = _labels(partition, due)
    place = f"{due.tenant_key}/{due.scope}/{partition.number}/{records.end}/{partition.run}"
    if labels:
        # New labels ask again although no experience has come since.
        place += f"/{labels[0].end}"
    trigger = OptimizationTrigger(
        tenant_id=tenant_id,
        occurred_at=moment_at(partition.now_s),
        trigger_id=blake2b(place.encode(), digest_size=12).hexdigest(),
        tenant_key=due.tenant_key,
        scope=due.scope,
        reasons=due.reasons,
        windows=due.windows,
        window_s=partition.policies.buffer.window_s,
        window_capacity=partition.policies.buffer.capacity,
        ranges=(records, *labels),
        buffer_digest=due.buffer_digest,
        experiences=due.experiences,
        look=due.look,
        seed=partition.policies.seed,
        code_version=partition.policies.code_version,
        configuration={
            **partition.policies.configuration,
            "cost_weight": partition.policies.cost.weight_of_tenant(tenant_id),
        },
        run=partition.run,
        batch=partition.batch,
        champion_digest=due.champion_digest,
        trial_digest=due.trial_digest,
        changed_at=None if due.changed_at_s is None else moment_at(due.changed_at_s),
    )
    state = partition.ledger.scope(due.tenant_key, due.scope)
    state.triggered(trigger.trigger_id, partition.now_s, due.reasons)
    if trigger.windows:
        partition.cycles.triggered(due.tenant_key, partition.now_s)
    return trigger


def _labels(partition: Partition, due: Due) -> list[OffsetRange]:
    """Where the labels lie that training may know of."""
    first = partition.labels.first_offset(due.tenant_key)
    if first is None or not due.windows:
        return []
    topic = partition.policies.prefix + ANNOTATION
    end = partition.cursors[ANNOTATION]
    return [OffsetRange(topic=topic, partition=partition.number, start=first, end=end)]
