"""What an optimiser in one process keeps on disk: one file a tenant, to which every event appends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from signalbox.errors import ConfigurationError
from streams.optimizers.experience_log import ExperienceLog
from streams.optimizers.framing import framed, unframed
from streams.policy_records import Record

LEAST_BYTES = 4 * 1024 * 1024
"""A smaller file isn't worth writing anew."""
_GROWTH = 4


class Entry(Struct, array_like=True, gc=False):
    """What one event changed: rows of the state (None deletes one), experiences from `start` on, records."""

    state: dict[str, bytes | None]
    start: int
    experiences: list[bytes] = []
    records: list[tuple[str, bytes, bytes | None]] = []


@dataclass
class Kept:
    """All that the file holds, put together."""

    state: dict[str, bytes] = field(default_factory=dict)
    experiences: ExperienceLog = field(default_factory=ExperienceLog)
    records: list[Record] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Take one entry into account."""
        for key, value in entry.state.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        if not len(self.experiences):
            self.experiences = ExperienceLog(entry.start)
        self.experiences.append(entry.experiences)
        self.records += [Record(*each) for each in entry.records]


class LocalFile:
    """Entries with checksums; the last one is left out when the file is read if a crash cut it off.

    An event writes what it changed, so bytes written grow with the number of events; when the file has grown to
    several times its content, it is written anew. Only one process may use it. Raises `ConfigurationError`
    where another one does, and naming the path where it can't be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path.with_name(path.name + ".lock"))
            self._file: BinaryIO = path.open("ab")
        except OSError as error:
            raise ConfigurationError(f"storage_dir: {path} can't be written: {error.strerror}") from None
        self._compact_bytes = 0

    def read(self) -> Kept:
        """Everything that was written and is still needed.

        Raises `ConfigurationError`, naming the file, where it is damaged: it is left as it is then.
        """
        kept = Kept()
        try:
            for data in unframed(self._path.read_bytes()):
                kept.add(msgspec.msgpack.decode(data, type=Entry))
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"storage_dir: {self._path} is damaged or not an optimizer's: {error};"
                " restore it, or move it away to begin anew"
            ) from None
        return kept

    def append(self, entry: Entry) -> bool:
        """Write what an event changed; whether it is time to `replace` the file."""
        self._file.write(framed(msgspec.msgpack.encode(entry)))
        self._file.flush()
        return self._file.tell() > max(LEAST_BYTES, _GROWTH * self._compact_bytes)

    def replace(self, entry: Entry) -> None:
        """Make this all that the file holds, whole or not at all."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        with fresh.open("wb") as file:
            file.write(framed(msgspec.msgpack.encode(entry)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._file.close()
        self._file = self._path.open("ab")
        self._compact_bytes = self._file.tell()

    def close(self) -> None:
        """Let another process have the file."""
        self._file.close()
        self._lock.close()


def entries_of(records: Iterable[Record]) -> list[tuple[str, bytes, bytes | None]]:
    """Records as an entry holds them."""
    return [(record.topic, record.key, record.value) for record in records]


def _locked(path: Path) -> BinaryIO:
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigurationError(f"storage_dir: {path.parent} is in use by another optimizer") from None
    return file
