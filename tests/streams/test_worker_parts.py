import json
import logging
import time
from dataclasses import dataclass

import pytest
from faust.types import TP

from signalbox.errors import Stop
from streams.logs import JsonFormatter
from streams.worker.batching import BATCH_BYTES, PartitionBatch, batch_scheduler
from streams.worker.liveness import Liveness

CHANGELOG = "state-changelog"


@dataclass
class Fetched:
    topic: str
    partition: int
    offset: int
    value: bytes = b"x"
    timestamp: int = 1000
    timestamp_type: int = 0


def fetched(topic: str, count: int, partition: int = 0, size: int = 1) -> list[Fetched]:
    return [Fetched(topic, partition, offset, b"x" * size) for offset in range(count)]


def batches(records: dict[TP, list[Fetched]], most: int = 100) -> list[tuple[TP, object]]:
    return list(batch_scheduler(CHANGELOG, most)().iterate(records))


def test_a_partitions_records_come_as_batches_in_order() -> None:
    place = TP("decision", 3)
    found = batches({place: fetched("decision", 250, 3)})
    sizes = [len(batch) for _, batch in found if isinstance(batch, PartitionBatch)]
    assert sizes == [100, 100, 50]
    assert [record.offset for _, batch in found for record in batch] == list(range(250))
    assert [batch.offset for _, batch in found] == [99, 199, 249]


def test_a_batch_is_bounded_in_bytes_too() -> None:
    found = batches({TP("decision", 0): fetched("decision", 9, size=BATCH_BYTES // 3)})
    assert [len(batch) for _, batch in found] == [3, 3, 3]


def test_a_record_larger_than_a_batch_comes_alone() -> None:
    found = batches({TP("decision", 0): fetched("decision", 2, size=BATCH_BYTES * 2)})
    assert [len(batch) for _, batch in found] == [1, 1]


def test_the_changelog_is_left_to_faust() -> None:
    found = batches({TP(CHANGELOG, 0): fetched(CHANGELOG, 3)})
    assert [type(record) for _, record in found] == [Fetched] * 3


def test_topics_take_turns() -> None:
    found = batches({TP("a", 0): fetched("a", 300), TP("b", 0): fetched("b", 300)})
    assert [tp.topic for tp, _ in found] == ["a", "b"] * 3


def test_a_process_that_stood_still_may_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    liveness = Liveness(session_timeout_s=10)
    now[0] += 7.9
    liveness.check()
    now[0] += 0.2
    with pytest.raises(Stop, match=r"stood still for 8\.1 s"):
        liveness.check()


def test_a_log_line_is_one_json_object_with_its_extra_fields() -> None:
    record = logging.makeLogRecord({"msg": "to %s", "args": ("t1",), "levelname": "INFO", "tenant": "acme"})
    content = json.loads(JsonFormatter().format(record))
    assert content["message"] == "to t1"
    assert (content["level"], content["tenant"]) == ("info", "acme")
