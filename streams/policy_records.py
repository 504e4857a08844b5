"""What is published of policies: updates, artifacts in chunks, answers, and the tombstones that end them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from signalbox.events import PolicyUpdate, TrainingResult, encode
from signalbox.events.policy_update import UpdateReason
from signalbox.policy import CHUNK_BYTES, digest_of, split, unpack
from signalbox.topics import POLICY_ARTIFACT, POLICY_UPDATED, TRAINING_RESULT, chunk_key, policy_key
from streams.policies import CANARY, CHAMPION


@dataclass(frozen=True)
class Record:
    """A record to be published; `topic` is its name without the prefix, no value makes it a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


def policy_update(
    data: bytes,
    *,
    version: int,
    reason: UpdateReason,
    occurred_at: datetime,
    trigger_id: str | None = None,
    share: float | None = None,
) -> PolicyUpdate:
    """The event that puts the artifact `data` in the slot that `reason` asks for.

    `share` is that of a trial or a canary. Raises `ArtifactError` if the bytes are no policy.
    """
    manifest = unpack(data).manifest
    content: dict[str, Any] = msgspec.to_builtins(manifest)
    return PolicyUpdate(
        tenant_id=manifest.tenant_id,
        occurred_at=occurred_at,
        scope=manifest.scope,
        slot=CANARY if reason in ("trial", "canary") else CHAMPION,
        version=version,
        digest=digest_of(data),
        size_bytes=len(data),
        chunks=len(split(data)),
        reason=reason,
        manifest=content,
        share=share,
        trigger_id=trigger_id,
        parent_digest=manifest.lineage.parent_digest,
    )


def result_record(result: TrainingResult) -> Record:
    """The answer as a record."""
    return Record(TRAINING_RESULT, result.tenant_key.encode(), encode(result))


def update_records(update: PolicyUpdate, data: bytes) -> list[Record]:
    """The policy as records: its bytes first, so that who learns of it in this order can load it."""
    chunks = [
        Record(POLICY_ARTIFACT, chunk_key(update.digest, i), chunk) for i, chunk in enumerate(split(data))
    ]
    key = policy_key(update.tenant_id, update.scope, update.slot)
    return [*chunks, Record(POLICY_UPDATED, key, encode(update))]


def end_of_slot(update: PolicyUpdate) -> Record:
    """The tombstone that empties the slot of an update."""
    return Record(POLICY_UPDATED, policy_key(update.tenant_id, update.scope, update.slot), None)


def tombstones(sizes: Iterable[tuple[str, int]]) -> list[Record]:
    """The end of artifacts, given as digest and length in bytes."""
    return [
        Record(POLICY_ARTIFACT, chunk_key(digest, chunk), None)
        for digest, size in sizes
        for chunk in range(max(1, -(-size // CHUNK_BYTES)))
    ]
