"""Rows of state in a changelog of few, large records, with O(1) bytes written per row.

Every batch writes the rows it touched as one chunk per tag. Recovering is the union of all chunks, in any
order, because a row says what holds and not what changed. Dead rows are not deleted one by one: with every
batch the two chunks that were looked at longest ago are looked at again. One without live rows gets a
tombstone; of one that is mostly dead, or small while there are many, the live rows move into the batch's own
chunk. So each row is written about once more for every tripling of its chunk, and no key is ever used twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, MutableSequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec

Id = TypeVar("Id")

SWEPT_PER_BATCH = 2
MANY_CHUNKS = 256
SMALL_CHUNK_BYTES = 16_000
MOSTLY_DEAD = 0.25
LARGEST_CHUNK_BYTES = 400_000
"""Several chunks of a batch and its cursor have to fit into one Kafka record batch of 1 MB."""


@dataclass(slots=True)
class _Chunk(Generic[Id]):
    tag: int
    ids: MutableSequence[Id]
    size_bytes: int


class RowLog(Generic[Id]):
    """The chunks of one kind of row.

    `row(tag, id)` gives a live row's content, or None for a dead one; `tag` is what a chunk's rows share (the
    window or hour that they live and die with).
    """

    def __init__(self, name: str, row: Callable[[int, Id], Any], *, hashes_only: bool = False) -> None:
        self.name = name
        self._row = row
        self._hashes_only = hashes_only
        self._touched: dict[tuple[int, Id], None] = {}
        self._chunks: dict[str, _Chunk[Id]] = {}

    def __len__(self) -> int:
        return len(self._chunks)

    def touch(self, tag: int, row_id: Id) -> None:
        """Note that a row is new or was changed by this batch."""
        self._touched[tag, row_id] = None

    def write(self, batch: int) -> tuple[list[tuple[str, bytes]], list[str]]:
        """The records of this batch and the keys that get a tombstone."""
        carried, tombstones = self._sweep()
        rows: dict[int, dict[Id, Any]] = {}
        for tag, row_id in (*self._touched, *carried):
            content = self._row(tag, row_id)
            if content is not None:
                rows.setdefault(tag, {})[row_id] = content
        self._touched.clear()
        records: list[tuple[str, bytes]] = []
        for tag, contents in rows.items():
            for part, ids in enumerate(self._parts(contents)):
                key = f"{self.name}/{batch}.{tag}.{part}"
                value = msgspec.msgpack.encode([tag, [contents[i] for i in ids]])
                self._chunks[key] = _Chunk(tag, self._ids(ids), len(value))
                records.append((key, value))
        return records, tombstones

    def restore(self, key: str, tag: int, ids: Iterable[Id], size_bytes: int) -> None:
        """Take over a chunk that was found in the changelog."""
        self._chunks[key] = _Chunk(tag, self._ids(ids), size_bytes)

    def _sweep(self) -> tuple[list[tuple[int, Id]], list[str]]:
        carried: list[tuple[int, Id]] = []
        tombstones: list[str] = []
        many = len(self._chunks) > MANY_CHUNKS
        for key in list(_first(self._chunks, SWEPT_PER_BATCH)):
            chunk = self._chunks.pop(key)
            live = [i for i in chunk.ids if self._row(chunk.tag, i) is not None]
            small = chunk.size_bytes <= SMALL_CHUNK_BYTES
            if len(live) <= MOSTLY_DEAD * len(chunk.ids) or (small and many):
                carried += [(chunk.tag, i) for i in live]
                tombstones.append(key)
            else:
                self._chunks[key] = chunk
        return carried, tombstones

    def _parts(self, contents: dict[Id, Any]) -> Iterable[list[Id]]:
        part: list[Id] = []
        size = 0
        for row_id, content in contents.items():
            size += 16 if self._hashes_only else _size(content)
            if part and size > LARGEST_CHUNK_BYTES:
                yield part
                part, size = [], 0
            part.append(row_id)
        if part:
            yield part

    def _ids(self, ids: Iterable[Id]) -> MutableSequence[Id]:
        # Millions of remembered decisions are kept; as objects they would take five times the memory.
        return (
            cast(MutableSequence[Id], array("Q", cast(Iterable[int], ids))) if self._hashes_only else list(ids)
        )


def _size(content: Any) -> int:
    return 32 + sum(len(c) for c in content if isinstance(c, (bytes, str)))


def _first(keys: Iterable[str], count: int) -> Iterable[str]:
    for key, _ in zip(keys, range(count), strict=False):
        yield key
