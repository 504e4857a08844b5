import json
import logging
import time
from dataclasses import dataclass

import pytest
from faust.types import TP

from signalbox.errors import Stop
from streams.logs import JsonFormatter
from streams.worker.backlog import PATIENCE_S, Backlog
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


DECISIONS, OUTCOMES, OTHER = TP("decision", 3), TP("outcome", 3), TP("outcome", 4)
ALL = {DECISIONS, OUTCOMES, OTHER, TP("decision", 4)}


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> tuple[Backlog, list[float]]:
    """The outcomes of partition 3 are a second ahead of its decisions, those of 4 are behind."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    backlog = Backlog("decision", "outcome")
    for place, stamp_ms in ((DECISIONS, 5000), (OUTCOMES, 6000), (TP("decision", 4), 6000), (OTHER, 5000)):
        backlog.took({place: [Fetched(place.topic, place.partition, 0, timestamp=stamp_ms)]})
    return backlog, now


def test_outcomes_wait_for_the_decisions_that_came_before_them(ahead: tuple[Backlog, list[float]]) -> None:
    backlog, _ = ahead
    assert backlog.held(ALL, lambda _: True) == {OUTCOMES}
    backlog.took({DECISIONS: [Fetched("decision", 3, 1, timestamp=6000)]})
    assert not backlog.held(ALL, lambda _: True)


def test_outcomes_never_wait_for_decisions_that_do_not_come(ahead: tuple[Backlog, list[float]]) -> None:
    backlog, now = ahead
    assert not backlog.held(ALL, lambda place: place != DECISIONS), "all decisions are read"
    assert not backlog.held(ALL - {DECISIONS}, lambda _: True), "their flow is stopped"
    now[0] += 10 * PATIENCE_S
    assert backlog.held(ALL, lambda _: True) == {OUTCOMES}, "nobody had looked for them"
    now[0] += PATIENCE_S
    assert not backlog.held(ALL, lambda _: True), "their broker gives nothing"
    backlog.took({DECISIONS: [Fetched("decision", 3, 1, timestamp=5500)]})
    assert backlog.held(ALL, lambda _: True) == {OUTCOMES}


def test_what_was_never_read_is_not_ahead() -> None:
    backlog = Backlog("decision", "outcome")
    assert not backlog.held(ALL, lambda _: True)
    backlog.took({OUTCOMES: [Fetched("outcome", 3, 0, timestamp=5000)]})
    assert backlog.held(ALL, lambda _: True) == {OUTCOMES}, "its decisions are still to be read"


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
