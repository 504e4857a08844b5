"""Rows in chunks: nothing that lives is lost, nothing that grows is rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import rows
from processors.rows import RowLog, batch_of


class Store:
    """Live rows and what a compacted topic holds of them."""

    def __init__(self) -> None:
        self.live: dict[tuple[int, int], bytes] = {}
        self.topic: dict[str, bytes] = {}
        self.keys: set[str] = set()
        self.batch = 0
        self.written_bytes = 0
        self.log: RowLog[int] = RowLog("kind", self.contents)

    def content(self, tag: int, row_id: int) -> Any:
        content = self.live.get((tag, row_id))
        return None if content is None else (row_id, content)

    def contents(self, tag: int, ids: Iterable[int]) -> dict[int, Any]:
        return {i: content for i in ids if (content := self.content(tag, i)) is not None}

    def put(self, tag: int, row_id: int, content: bytes) -> None:
        self.live[tag, row_id] = content
        self.log.touch(tag, row_id)

    def write(self) -> None:
        self.batch += 1
        records, tombstones = self.log.write(self.batch)
        for key, value in records:
            assert key not in self.keys, "a key is never used twice"
            self.keys.add(key)
            self.topic[key] = value
            self.written_bytes += len(key) + len(value)
        for key in tombstones:
            del self.topic[key]
            self.written_bytes += len(key)

    def recovered(self) -> dict[tuple[int, int], bytes]:
        """The newest copy of every row on the topic."""
        found: dict[tuple[int, int], bytes] = {}
        for key in sorted(self.topic, key=batch_of):
            tag, contents = msgspec.msgpack.decode(self.topic[key])
            found |= {(tag, row_id): content for row_id, content in contents}
        return found

    def restart(self) -> None:
        """A new log, with the chunks that lie on the topic."""
        self.log = RowLog("kind", self.contents)
        for key in sorted(self.topic, key=batch_of):
            tag, contents = msgspec.msgpack.decode(self.topic[key])
            self.log.restore(key, tag, [row_id for row_id, _ in contents], len(self.topic[key]))


@contextmanager
def small_sizes() -> Iterator[None]:
    """Limits so small that a short history meets all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "MANY_CHUNKS", 3)
        patch.setattr(rows, "SMALL_CHUNK_BYTES", 60)
        patch.setattr(rows, "LARGEST_CHUNK_BYTES", 200)
        yield


changes = st.tuples(st.integers(0, 2), st.integers(0, 9), st.none() | st.binary(max_size=40))


@given(st.lists(st.lists(changes, max_size=6), max_size=40), st.booleans())
def test_every_live_row_is_recovered_as_it_is(history: list[list[Any]], restarts: bool) -> None:
    with small_sizes():
        store = Store()
        for batch in history:
            for tag, row_id, content in batch:
                if content is None:
                    store.live.pop((tag, row_id), None)
                else:
                    store.put(tag, row_id, content)
            store.write()
            if restarts:
                store.restart()
            recovered = store.recovered()
            assert {place: recovered.get(place) for place in store.live} == store.live


@given(st.lists(st.lists(changes, max_size=6), max_size=20))
def test_when_all_rows_are_dead_nothing_remains(history: list[list[Any]]) -> None:
    with small_sizes():
        store = Store()
        for batch in history:
            for tag, row_id, content in batch:
                store.put(tag, row_id, content or b"")
            store.write()
        store.live.clear()
        for _ in range(len(store.log) + 1):
            store.write()
        assert store.topic == {}
        assert len(store.log) == 0


@pytest.mark.parametrize(("rows_a_batch", "life_in_batches"), [(1, 300), (1, 3000), (40, 100), (3, 3)])
def test_bytes_written_per_row_and_chunks_kept_stay_bounded(rows_a_batch: int, life_in_batches: int) -> None:
    store = Store()
    batches, content = 8000 // rows_a_batch, b"x" * 200
    per_row = []
    for batch in range(batches):
        before = store.written_bytes
        for i in range(rows_a_batch):
            store.put(0, batch * rows_a_batch + i, content)
            store.live.pop((0, (batch - life_in_batches) * rows_a_batch + i), None)
        store.write()
        per_row.append((store.written_bytes - before) / rows_a_batch)
        assert len(store.log) <= 3 * rows.MANY_CHUNKS
    tail = per_row[len(per_row) // 2 :]
    assert sum(tail) / len(tail) < 6 * (len(content) + 25)
    assert max(tail) * rows_a_batch < rows_a_batch * 225 + 2 * rows.SMALL_CHUNK_BYTES
    stored = sum(map(len, store.topic.values()))
    assert stored < 3 * rows_a_batch * life_in_batches * (len(content) + 25)


def test_a_large_batch_is_cut_to_fit_a_record_batch() -> None:
    store = Store()
    for row_id in range(100):
        store.put(0, row_id, b"x" * 10_000)
    store.write()
    assert len(store.topic) > 1
    assert max(map(len, store.topic.values())) <= rows.LARGEST_CHUNK_BYTES
    assert store.recovered() == store.live


def test_hashes_are_kept_as_hashes() -> None:
    seen = {2**64 - 1, 5}
    log: RowLog[int] = RowLog("seen", lambda _, ids: {i: i for i in ids if i in seen}, hashes_only=True)
    for each in (5, 2**64 - 1, 6):
        log.touch(3, each)
    records, tombstones = log.write(1)
    assert [key for key, _ in records] == ["seen/1.3.0"]
    assert msgspec.msgpack.decode(records[0][1]) == [3, [5, 2**64 - 1]]
    seen.clear()
    assert log.write(2) == ([], ["seen/1.3.0"])
    assert tombstones == []


def test_chunks_that_are_given_up_leave_nothing_dead_behind() -> None:
    store = Store()
    for row_id in (1, 2, 3):
        store.put(0, row_id, b"old")
    store.write()
    store.put(0, 9, b"elsewhere")
    store.write()
    del store.live[0, 2]
    store.log.give_up(lambda row_id: row_id == 2)
    store.write()
    assert store.recovered() == store.live
    assert set(store.live) == {(0, 1), (0, 3), (0, 9)}
