"""The file: its fields, how it is written, and what is refused when it is read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from processors.drift import Drift
from processors.promise import Promise
from processors.trial_watch import TrialWatch
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate
from signalbox.events.fields import AgentName, Count, Id, Ratio, Scope

FORMAT: Literal[1] = 1
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
"""64 bits in hexadecimal: as numbers they would not survive every reader of JSON."""
TenantKey = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}(#\d{1,4})?(?!\n)$")]
"""A tenant, or one shard of a tenant."""
Band = Annotated[int, Meta(ge=0, le=2)]
_LINE_BREAK = re.compile(r"\n\s+")
_INDENTED_LIST = re.compile(r"\[(\n\s+[^\[\]{}]*?)\n\s*\]")


class SavedRow(Struct, frozen=True, array_like=True):
    """An experience in the replay buffer: hash of its decision, reward, revision, stratum."""

    hash: Hash
    reward: Ratio
    revision: Count
    agent: AgentName
    modality: Id
    band: Band


class SavedLimit(Struct, frozen=True, array_like=True):
    """The smallest hash that was left out of a stratum."""

    agent: AgentName
    modality: Id
    band: Band
    hash: Hash


class SavedWindow(Struct, frozen=True, forbid_unknown_fields=True):
    """One window of the replay buffer; `start` is in seconds since 1970."""

    start: int
    rows: tuple[SavedRow, ...]
    left_out: tuple[SavedLimit, ...]


class SavedAgent(Struct, frozen=True, forbid_unknown_fields=True):
    """An agent's statistics, as in `processors.statistics`."""

    experiences: Count
    reward_sum: float
    successes: int
    failures: int
    last_s: float


class SavedScope(Struct, frozen=True, forbid_unknown_fields=True):
    """The state of the scope, as in `processors.scope`, the fields in the same order."""

    experiences: Count
    since_trigger: Count
    recent_reward: float
    baseline_reward: float
    last_trigger_s: float | None
    outstanding: str | None
    looks: Count
    champion_digest: str | None
    # A file of an earlier version lacks these.
    trial: TrialWatch | None = None
    promise: Promise | None = None
    drift: Drift = msgspec.field(default_factory=Drift)
    changed_at_s: float | None = None
    drifted: bool = False
    labels: Count = 0
    labelled_s: float | None = None


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """The state of `scope` of `tenant_key` after `batch` of `partition`, which had read up to `cursors`.

    `event_s` are the newest event times by source topic; `first_offsets` (by window) and `experiences_end` say
    where on `routing-experience` the windows lie. `champion` is the record of the policy in force, or null.
    """

    format: Literal[1]
    tenant_key: TenantKey
    scope: Scope
    partition: Count
    batch: Count
    cursors: dict[str, Count]
    event_s: dict[str, float]
    experiences_end: Count
    first_offsets: dict[int, Count]
    scope_state: SavedScope
    agents: dict[str, SavedAgent]
    windows: tuple[SavedWindow, ...]
    champion: PolicyUpdate | None


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the file whole or not at all."""
    indented = msgspec.json.format(msgspec.json.encode(checkpoint), indent=1).decode()
    # A row on a line of its own. Line breaks inside of strings are escaped, so these are all ours.
    text = _INDENTED_LIST.sub(lambda found: f"[{_LINE_BREAK.sub(' ', found[1]).strip()}]", indented)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: it can't be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file; raises `ConfigurationError` naming the field that is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: it can't be read: {error.strerror}") from error
    try:
        found = msgspec.json.decode(data, type=_Format).format
        if found != FORMAT:
            raise ConfigurationError(f"{path}: format: {found!r}, this version reads only {FORMAT}")
        return msgspec.json.decode(data, type=Checkpoint)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: no checkpoint: {error}") from None


class _Format(Struct):
    format: int | str | None = None
