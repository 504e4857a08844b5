"""What an optimiser in one process keeps on disk: one file a tenant, to which every event appends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from signalbox.errors import ConfigurationError
from streams.optimizers.experience_log import ExperienceLog
from streams.policy_records import Record

LEAST_BYTES = 4 * 1024 * 1024
"""A smaller file isn't worth writing anew."""
_GROWTH = 4
_LENGTH_BYTES = 4


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
    """Entries behind their lengths; one that was cut off by a crash is left out when the file is read.

    An event writes what it changed, so bytes written grow with the number of events; when the file has grown to
    several times its content, it is written anew. Only one process may use it: raises `ConfigurationError`
    where another one does.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = _locked(path.with_name(path.name + ".lock"))
        self._file: BinaryIO = path.open("ab")
        self._compact_bytes = 0

    def read(self) -> Kept:
        """Everything that was written and is still needed."""
        kept = Kept()
        try:
            for entry in _entries(self._path.read_bytes()):
                kept.add(entry)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"storage_dir: {self._path} is not an optimizer's: {error}") from None
        return kept

    def append(self, entry: Entry) -> bool:
        """Write what an event changed; whether it is time to `replace` the file."""
        self._file.write(_framed(entry))
        self._file.flush()
        return self._file.tell() > max(LEAST_BYTES, _GROWTH * self._compact_bytes)

    def replace(self, entry: Entry) -> None:
        """Make this all that the file holds, whole or not at all."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        with fresh.open("wb") as file:
            file.write(_framed(entry))
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


def _framed(entry: Entry) -> bytes:
    data = msgspec.msgpack.encode(entry)
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def _entries(content: bytes) -> Iterator[Entry]:
    place = 0
    while place + _LENGTH_BYTES <= len(content):
        start = place + _LENGTH_BYTES
        place = start + int.from_bytes(content[place:start], "big")
        if place <= len(content):
            yield msgspec.msgpack.decode(content[start:place], type=Entry)


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
