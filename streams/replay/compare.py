"""Where a replay and the live worker differ."""

from __future__ import annotations

from collections.abc import Iterator

from processors.partition import Partition
from processors.replay import Replayed
from signalbox.events import DeadLetter, encode_trusted
from streams.replay.recorded import Recorded


def differences(replayed: Replayed, recorded: Recorded, live: Partition | None) -> Iterator[str]:
    """Every difference as a sentence; none means that the log gives exactly what the worker gave.

    `live` is the worker's own state; it must be that after the batch with which the replay ended.
    """
    number = replayed.partition.number
    for batch in sorted(replayed.experiences.keys() | recorded.experiences.keys()):
        ours, theirs = replayed.experiences.get(batch, []), recorded.experiences.get(batch, [])
        if ours != theirs:
            yield f"partition {number}, batch {batch}: {_experiences(ours, theirs)}"
    ours_triggers = {trigger.trigger_id: trigger for trigger in replayed.triggers}
    their_triggers = {trigger.trigger_id: trigger for trigger in recorded.triggers}
    for trigger_id in sorted(ours_triggers.keys() ^ their_triggers.keys()):
        missing = "the worker" if trigger_id in ours_triggers else "the replay"
        yield f"partition {number}: {missing} has no trigger {trigger_id}"
    for trigger_id in sorted(ours_triggers.keys() & their_triggers.keys()):
        if encode_trusted(ours_triggers[trigger_id]) != encode_trusted(their_triggers[trigger_id]):
            yield f"partition {number}: trigger {trigger_id} has another content"
    refused = {_place(letter) for letter in replayed.dead_letters}
    live_refused = {_place(letter) for letter in recorded.dead_letters}
    for place in sorted(refused ^ live_refused):
        missing = "the worker" if place in refused else "the replay"
        yield f"partition {number}: {missing} has no dead letter {place}"
    if live is None:
        return
    if live.batch == replayed.partition.batch:
        yield from _state(replayed.partition, live)
    else:
        yield (
            f"partition {number}: the replay ends with batch {replayed.partition.batch}, the worker's state is"
            f" that after batch {live.batch}"
        )


def _experiences(ours: list[bytes], theirs: list[bytes]) -> str:
    if len(ours) != len(theirs):
        return f"{len(ours)} experiences replayed, {len(theirs)} published"
    first = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return f"experience {first} differs: {ours[first][:200]!r} replayed, {theirs[first][:200]!r} published"


def _place(letter: DeadLetter) -> tuple[str, int, int, str]:
    return letter.topic, letter.partition, letter.offset, letter.reason


def _state(ours: Partition, live: Partition) -> Iterator[str]:
    for name, mine, theirs in (
        ("cursors", ours.cursors, live.cursors),
        ("buffers", buffer_digests(ours), buffer_digests(live)),
        ("agents", ours.ledger.agents, live.ledger.agents),
        ("scopes", ours.ledger.scopes, live.ledger.scopes),
        ("waiting decisions", set(ours.join.waiting), set(live.join.waiting)),
    ):
        if mine != theirs:
            yield f"partition {ours.number}: {name} differ: {mine!s:.300} replayed, {theirs!s:.300} live"


def buffer_digests(partition: Partition) -> dict[str, str]:
    """The digest of every tenant key's replay buffer that holds anything."""
    return {key: b.digest() for key, b in sorted(partition.ledger.buffers.items()) if len(b)}
