"""A checkpoint of an optimiser in one process: the service's file, and beside it what is on Kafka there."""

from __future__ import annotations

from pathlib import Path

import msgspec

from processors.changelog import changes
from processors.partition import Partition
from signalbox.errors import ConfigurationError
from signalbox.events import encode
from signalbox.policy import digest_of
from signalbox.standing import run_name
from signalbox.topics import POLICY_UPDATED, policy_key
from streams.checkpoint.format import read_checkpoint, write_checkpoint
from streams.checkpoint.state import checkpoint_of, put_into
from streams.optimizers.experience_log import ExperienceLog
from streams.optimizers.local_file import Entry, Kept
from streams.optimizers.local_loop import LocalLoop
from streams.optimizers.stream import ROUTING
from streams.policies import CHAMPION
from streams.policy_records import Record

_ARTIFACT = "artifact"


def save_local(loop: LocalLoop, tenant_id: str, path: Path) -> Path:
    """Write the state, and to `path` with the suffix ".data" its experiences and the policy in force.

    Raises `ConfigurationError` where nothing was learned yet, or a file can't be written.
    """
    with loop.stream.lock:
        champion = loop.policies.champion()
        checkpoint = checkpoint_of(loop.stream.partition, tenant_id, ROUTING, champion)
        log = loop.stream.experiences
        artifact = loop.policies.bytes_of(champion.digest) if champion else None
        data = Entry(
            {},
            log.first,
            list(log.between(log.first, log.end)),
            [(_ARTIFACT, b"", artifact)] if artifact is not None else [],
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _beside(path).write_bytes(msgspec.msgpack.encode(data))
    except OSError as error:
        raise ConfigurationError(f"{path}: it can't be written: {error.strerror}") from error
    write_checkpoint(path, checkpoint)
    return path


def load_local(path: Path, tenant_id: str, loop: LocalLoop) -> Kept:
    """What a checkpoint holds, for a loop to go on from; raises `ConfigurationError` where it doesn't fit."""
    checkpoint = read_checkpoint(path)
    if (checkpoint.tenant_key, checkpoint.scope) != (tenant_id, ROUTING):
        raise ConfigurationError(
            f"{path}: it is {checkpoint.tenant_key}/{checkpoint.scope}'s, not {tenant_id}'s"
        )
    try:
        data = msgspec.msgpack.decode(_beside(path).read_bytes(), type=Entry)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{_beside(path)}: it can't be read: {error}") from None
    artifacts = {digest_of(value): value for topic, _, value in data.records if topic == _ARTIFACT and value}
    records = []
    if checkpoint.champion is not None:
        update = checkpoint.champion
        if update.digest not in artifacts:
            raise ConfigurationError(
                f"{_beside(path)}: without the policy {update.digest[:12]} that is in force"
            )
        loop.policies.store.put(tenant_id, artifacts[update.digest])
        records.append(Record(POLICY_UPDATED, policy_key(tenant_id, ROUTING, CHAMPION), encode(update)))
    partition = Partition(0, loop.stream.partition.policies, run_name(1, "checkpoint"))
    put_into(partition, checkpoint)
    state = {key: value for key, value in changes(partition).items() if value is not None}
    return Kept(state, ExperienceLog(data.start, data.experiences), records)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".data")
