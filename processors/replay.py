"""The processors over recorded source records, in the order in which the worker applied them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from processors.changelog import changes
from processors.intake import SourceRecord
from processors.journal import JournalEntry
from processors.partition import Outputs, Partition
from processors.policies import Policies
from processors.triggering import triggers
from signalbox.events import DeadLetter, OptimizationTrigger
from signalbox.standing import run_name

UNJOURNALED_RUN = run_name(1, "replay")
UNJOURNALED_BATCH = 500


@dataclass
class Replayed:
    """What a replay of one partition gave, and the state in which it left off."""

    partition: Partition
    experiences: dict[int, list[bytes]] = field(default_factory=dict)
    triggers: list[OptimizationTrigger] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)

    @property
    def experience_count(self) -> int:
        """How many experiences were made, revisions included."""
        return sum(map(len, self.experiences.values()))


def replay(
    number: int,
    policies: Policies,
    experience_topic: str,
    entries: Iterable[JournalEntry],
    records: Mapping[str, Sequence[SourceRecord]],
    published: Mapping[int, Sequence[int]] | None = None,
) -> Replayed:
    """Apply `records` (by topic, in offset order) as the journal's `entries` say.

    `published` are the offsets, by batch, at which the worker's experiences lie: triggers name them. Without,
    the experiences are counted from offset 0.
    """
    done = Replayed(Partition(number, policies, UNJOURNALED_RUN))
    partition = done.partition
    places = dict.fromkeys(records, 0)
    for entry in entries:
        partition.run, partition.batch = entry.run, entry.batch - 1
        batch, places[entry.topic] = _take(records[entry.topic], places[entry.topic], entry.end)
        outputs = partition.apply(entry.topic, batch)
        if outputs.applied:
            _finish(done, outputs, experience_topic, published)
    return done


def in_recorded_order(records: Mapping[str, Sequence[SourceRecord]]) -> Iterator[JournalEntry]:
    """Entries for records without a journal: all topics together, in the order of the broker's stamps."""
    stamped = sorted(
        (record.timestamp, topic, record.offset) for topic, found in records.items() for record in found
    )
    batch = 0
    while stamped:
        topic = stamped[0][1]
        length = next((i for i, (_, t, _) in enumerate(stamped) if t != topic), len(stamped))
        length = min(length, UNJOURNALED_BATCH)
        batch += 1
        yield JournalEntry(
            run=UNJOURNALED_RUN,
            batch=batch,
            topic=topic,
            start=stamped[0][2],
            end=stamped[length - 1][2] + 1,
        )
        del stamped[:length]


def _finish(
    done: Replayed, outputs: Outputs, experience_topic: str, published: Mapping[int, Sequence[int]] | None
) -> None:
    partition = done.partition
    count = len(outputs.experiences)
    counted = range(partition.experiences_end, partition.experiences_end + count)
    offsets = counted if published is None else published.get(partition.batch, ())
    if count:
        done.experiences[partition.batch] = [value for _, value, _ in outputs.experiences]
    # With another number than the worker published, the offsets say nothing; the caller sees that they differ.
    partition.published(outputs, offsets if len(offsets) == count else counted)
    done.dead_letters += outputs.dead_letters
    done.triggers += triggers(partition, experience_topic)
    # Nobody needs the records here; but scopes are due only while the batch that touched them is the last.
    changes(partition)


def _take(records: Sequence[SourceRecord], place: int, end: int) -> tuple[Sequence[SourceRecord], int]:
    """The records from `place` up to offset `end`, and the place after them."""
    stop = place
    while stop < len(records) and records[stop].offset < end:
        stop += 1
    return records[place:stop], stop
