"""One replay: read, apply, print, compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer

from processors.journal import CHECKPOINT
from processors.partition import SOURCE_TOPICS
from processors.replay import Replayed, in_recorded_order, replay
from signalbox import topics
from signalbox.connection import Connection
from streams.reading import plain_consumer
from streams.replay.compare import buffer_digests, differences
from streams.replay.recorded import Recorded, read_all, read_recorded, read_state
from streams.replay.selection import Selection, select
from streams.settings import Settings
from streams.worker.policies import policies_from


@dataclass
class Report:
    """What a replay found, over all partitions."""

    whole: bool = True
    source_records: int = 0
    experiences: int = 0
    triggers: list[dict[str, Any]] = field(default_factory=list)
    dead_letters: int = 0
    buffers: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


async def run_replay(
    connection: Connection,
    settings: Settings,
    *,
    ranges: tuple[str, ...] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    verify: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Replay the selected records, partition by partition."""
    report = Report()
    async with plain_consumer(connection, "read_committed") as consumer:
        selection = await select(consumer, settings.topic_prefix, settings.partitions, ranges, since, until)
        report.whole = selection.whole
        if verify and not selection.whole:
            report.differences.append(
                "only a part of the log was selected or is still kept: state from before it is missing, so"
                " a comparison would prove nothing"
            )
            return report
        for number in selection.partitions():
            progress(f"partition {number}")
            await _replay_partition(consumer, settings, selection, number, report, verify)
    return report


async def _replay_partition(
    consumer: AIOKafkaConsumer,
    settings: Settings,
    selection: Selection,
    number: int,
    report: Report,
    verify: bool,
) -> None:
    policies = policies_from(settings)
    # The state is read first: whatever the worker does meanwhile is in the journal that is read after it.
    live = await read_state(consumer, settings, policies, number) if verify else None
    recorded = await read_recorded(consumer, settings, number)
    if live is not None:
        _cut(recorded, live.batch)
    loaded = [entry.batch for entry in recorded.journal if entry.topic == CHECKPOINT]
    if loaded and verify:
        report.differences.append(
            f"partition {number}: a checkpoint was loaded as batch {loaded[-1]}: state since then comes from"
            " its file and can't be rebuilt from the log, so a comparison would prove nothing"
        )
        return
    records = {
        topic: await read_all(
            consumer,
            settings.topic(topic),
            number,
            # Of all, up to now: a worker that runs may have applied what came after the selection.
            None if selection.whole else selection.spans.get((topic, number), (0, 0)),
        )
        for topic in SOURCE_TOPICS
    }
    entries = [
        entry
        for entry in recorded.journal
        if entry.batch not in loaded
        and (selection.whole or _touches(entry.topic, entry.start, entry.end, number, selection))
    ]
    experience_topic = settings.topic(topics.ROUTING_EXPERIENCE)
    done = replay(
        number,
        policies,
        experience_topic,
        entries or in_recorded_order(records),
        records,
        recorded.offsets if entries and selection.whole else None,
    )
    _add(report, done, sum(map(len, records.values())))
    if verify:
        report.differences += differences(done, recorded, live)


def _cut(recorded: Recorded, batch: int) -> None:
    """Leave out what the worker did after the batch of its state that was read."""
    recorded.journal = [entry for entry in recorded.journal if entry.batch <= batch]
    recorded.experiences = {b: found for b, found in recorded.experiences.items() if b <= batch}
    recorded.triggers = [trigger for trigger in recorded.triggers if trigger.batch <= batch]
    ends = {entry.topic: entry.end for entry in recorded.journal}
    recorded.dead_letters = [d for d in recorded.dead_letters if d.offset < ends.get(d.topic, 0)]


def _touches(topic: str, start: int, end: int, number: int, selection: Selection) -> bool:
    first, last = selection.spans.get((topic, number), (0, 0))
    return start < last and end > first


def _add(report: Report, done: Replayed, source_records: int) -> None:
    report.source_records += source_records
    report.experiences += done.experience_count
    report.dead_letters += len(done.dead_letters)
    report.buffers.update(buffer_digests(done.partition))
    report.triggers += [
        {
            "trigger_id": trigger.trigger_id,
            "tenant_key": trigger.tenant_key,
            "scope": trigger.scope,
            "reasons": list(trigger.reasons),
            "experiences": trigger.experiences,
            "buffer_digest": trigger.buffer_digest,
        }
        for trigger in done.triggers
    ]
