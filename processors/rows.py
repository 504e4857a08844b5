"""Rows of state in a changelog of few, large records, with O(1) bytes written per row.

Every batch writes the rows it touched as one chunk per tag. Recovering is the union of all chunks: a row says
what holds and not what changed, and of several copies the one that the latest batch wrote counts. Dead rows
are not deleted one by one: with every batch the two chunks that were looked at longest ago are looked at
again. One without live rows gets a tombstone; of one that is mostly dead, or small while there are many, the
live rows move into the batch's own chunk. So each row is written about once more for every tripling of its
chunk, and no key is ever used twice.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
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

    `read(tag, ids)` gives the contents of those rows that live, by id in the order of `ids`; `tag` is what a
    chunk's rows share (the window or hour that they live and die with). `live(tag, ids)` gives the ids alone,
    where that is cheaper: every chunk is looked at again and again.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[int, Iterable[Id]], dict[Id, Any]],
        live: Callable[[int, Sequence[Id]], Sequence[Id]] | None = None,
        *,
        hashes_only: bool = False,
    ) -> None:
        self.name = name
        self._read = read
        self._live = live or self._ids_of_live
        self._hashes_only = hashes_only
        self._touched: defaultdict[int, dict[Id, None]] = defaultdict(dict)
        self._chunks: dict[str, _Chunk[Id]] = {}
        self._size_bytes = 0
        self._given_up: list[str] = []

    def __len__(self) -> int:
        return len(self._chunks)

    def touch(self, tag: int, row_id: Id) -> None:
        """Note that a row is new or was changed by this batch."""
        self._touched[tag][row_id] = None

    def write(self, batch: int) -> tuple[list[tuple[str, bytes]], list[str]]:
        """The records of this batch and the keys that get a tombstone."""
        tombstones = [*self._given_up, *self._sweep()]
        self._given_up.clear()
        records: list[tuple[str, bytes]] = []
        for tag, touched in self._touched.items():
            rows = self._read(tag, touched)
            for part, (ids, value) in enumerate(_encode(tag, list(rows), list(rows.values()))):
                key = f"{self.name}/{batch}.{tag}.{part}"
                self.restore(key, tag, ids, len(value))
                records.append((key, value))
        self._touched.clear()
        return records, tombstones

    def restore(self, key: str, tag: int, ids: Iterable[Id], size_bytes: int) -> None:
        """Take over a chunk that was found in the changelog."""
        self._chunks[key] = _Chunk(tag, self._ids(ids), size_bytes)
        self._size_bytes += size_bytes

    def give_up(self, concerns: Callable[[Id], bool]) -> None:
        """Move what lives out of every chunk with such a row; the next batch deletes these chunks.

        A row that is dead but still in a chunk would come back when state is recovered. That is no matter for
        rows that can't win against those that outlived them, but it is where rows are replaced by others.
        """
        for key, chunk in list(self._chunks.items()):
            if any(map(concerns, chunk.ids)):
                del self._chunks[key]
                self._size_bytes -= chunk.size_bytes
                self._given_up.append(key)
                for row_id in self._live(chunk.tag, chunk.ids):
                    self.touch(chunk.tag, row_id)

    def _sweep(self) -> list[str]:
        """Look at the next chunks and touch the rows of those that are given up; their keys."""
        tombstones: list[str] = []
        small_bytes = 0.0
        if len(self._chunks) > MANY_CHUNKS:
            # Without the average, a chunk would be rewritten at every turn until it reached the constant.
            small_bytes = min(SMALL_CHUNK_BYTES, self._size_bytes / len(self._chunks))
        for key in list(_first(self._chunks, SWEPT_PER_BATCH)):
            chunk = self._chunks.pop(key)
            live = self._live(chunk.tag, chunk.ids)
            if len(live) <= MOSTLY_DEAD * len(chunk.ids) or chunk.size_bytes <= small_bytes:
                if live:
                    self._touched[chunk.tag].update(dict.fromkeys(live))
                tombstones.append(key)
                self._size_bytes -= chunk.size_bytes
            else:
                self._chunks[key] = chunk
        return tombstones

    def _ids_of_live(self, tag: int, ids: Sequence[Id]) -> list[Id]:
        return list(self._read(tag, ids))

    def _ids(self, ids: Iterable[Id]) -> MutableSequence[Id]:
        # Millions of remembered decisions are kept; as objects they would take five times the memory.
        return (
            cast(MutableSequence[Id], array("Q", cast(Iterable[int], ids))) if self._hashes_only else list(ids)
        )


def batch_of(key: str) -> int:
    """The number of the batch that wrote the chunk with this key."""
    return int(key.partition("/")[2].partition(".")[0])


def _encode(tag: int, ids: list[Id], rows: list[Any]) -> Iterator[tuple[list[Id], bytes]]:
    """Rows as one chunk's bytes, or as those of several where one would be too large."""
    if not ids:
        return
    value = msgspec.msgpack.encode([tag, rows])
    if len(value) <= LARGEST_CHUNK_BYTES or len(ids) == 1:
        yield ids, value
        return
    middle = len(ids) // 2
    yield from _encode(tag, ids[:middle], rows[:middle])
    yield from _encode(tag, ids[middle:], rows[middle:])


def _first(keys: Iterable[str], count: int) -> Iterable[str]:
    for key, _ in zip(keys, range(count), strict=False):
        yield key
