"""A partition refuses what is bad, applies what is good, and does so once."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from hypothesis import given

from processors.partition import SOURCE_TOPICS
from signalbox import topics
from signalbox.events import DeadLetterReason, Signals, encode
from tests.processors.builders import (
    COMPLETE,
    NOON,
    Stored,
    Worker,
    decision,
    experiences_in,
    log_of,
    outcome,
    record,
    result,
    workflow,
)
from tests.processors.test_changelog import state_of
from tests.processors.traffic import seeds

KEY = b"harbor"
GOOD = encode(decision("bad"))


def changed(**fields: object) -> bytes:
    """A good decision with some fields replaced."""
    return orjson.dumps(orjson.loads(GOOD) | fields)


MALFORMED: dict[str, tuple[str, bytes | None, bytes | None, DeadLetterReason]] = {
    "no value": (topics.ROUTING_DECISION, KEY, None, "invalid"),
    "empty": (topics.ROUTING_DECISION, KEY, b"", "not_json"),
    "no JSON": (topics.ROUTING_DECISION, KEY, b"\x00\xff{", "not_json"),
    "cut off": (topics.ROUTING_DECISION, KEY, GOOD[:-20], "not_json"),
    "not UTF-8": (topics.ROUTING_DECISION, KEY, GOOD.replace(b"lighthouse", b"\xff\xfe"), "not_json"),
    "an array": (topics.ROUTING_DECISION, KEY, b"[1, 2]", "invalid"),
    "a field is missing": (topics.ROUTING_DECISION, KEY, b'{"tenant_id":"harbor"}', "invalid"),
    "a wrong type": (topics.ROUTING_DECISION, KEY, changed(query=7), "invalid"),
    "out of range": (topics.ROUTING_DECISION, KEY, changed(propensity=1.5), "invalid"),
    "NaN": (topics.ROUTING_DECISION, KEY, GOOD.replace(b'"propensity":0.5', b'"propensity":NaN'), "not_json"),
    "no time zone": (topics.ROUTING_DECISION, KEY, changed(occurred_at="2026-01-01T00:00:00"), "invalid"),
    "a tenant with a slash": (topics.ROUTING_DECISION, b"a/b", changed(tenant_id="a/b"), "invalid"),
    "an unknown agent": (topics.ROUTING_DECISION, KEY, changed(chosen_agent="nobody"), "invalid"),
    "another version": (topics.ROUTING_DECISION, KEY, changed(schema_version=2), "unsupported_version"),
    "too large": (topics.ROUTING_DECISION, KEY, changed(user_id="x" * 300_000), "too_large"),
    "another tenant's key": (topics.ROUTING_DECISION, b"museum", GOOD, "wrong_key"),
    "no key": (topics.ROUTING_DECISION, None, GOOD, "wrong_key"),
    "a key that is no text": (topics.ROUTING_DECISION, b"\xff", GOOD, "wrong_key"),
    "a shard that is no number": (topics.ROUTING_DECISION, b"harbor#x", GOOD, "wrong_key"),
    "the far future": (
        topics.ROUTING_DECISION,
        KEY,
        changed(occurred_at="9999-12-31T23:59:59Z"),
        "from_the_future",
    ),
    "the far past": (topics.ROUTING_DECISION, KEY, changed(occurred_at="1969-12-31T23:59:59Z"), "too_late"),
    "an empty outcome": (
        topics.ROUTING_OUTCOME,
        KEY,
        orjson.dumps({"tenant_id": "harbor", "occurred_at": "2025-06-15T15:06:40Z", "decision_id": "d"}),
        "empty_outcome",
    ),
    "a workflow without success": (
        topics.WORKFLOW_EXECUTION,
        KEY,
        encode(workflow()).replace(b'"success":true,', b""),
        "invalid",
    ),
    "a workflow under another key": (topics.WORKFLOW_EXECUTION, b"museum", encode(workflow()), "wrong_key"),
    "an unknown verdict": (
        topics.TRAINING_RESULT,
        KEY,
        encode(result("t")).replace(b'"rejected"', b'"maybe"'),
        "invalid",
    ),
    "a result for another tenant": (
        topics.TRAINING_RESULT,
        KEY,
        encode(result("t", tenant_key="museum")),
        "wrong_key",
    ),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_records_become_dead_letters_and_stop_nothing(kind: str) -> None:
    topic, key, value, reason = MALFORMED[kind]
    worker = Worker()
    bad = Stored(41, int(NOON * 1000), key, value)
    good = record(decision("good", outcome=COMPLETE), 42)
    outputs = worker.apply(topic, [bad])
    (letter,) = outputs.dead_letters
    assert letter.reason == reason, letter.message
    assert (letter.key, letter.value) == (key, value)
    assert (letter.topic, letter.partition, letter.offset) == (topic, 0, 41)
    assert letter.recorded_at.timestamp() == NOON
    assert letter.message
    assert len(worker.apply(topics.ROUTING_DECISION, [good]).experiences) == 1
    assert worker.partition.cursors[topic] in (42, 43)


def test_all_bad_ones_among_good_ones_in_one_batch() -> None:
    worker, batch = Worker(), []
    bad = [
        (key, value, reason) for topic, key, value, reason in MALFORMED.values() if topic == SOURCE_TOPICS[0]
    ]
    for i, (key, value, _) in enumerate(bad):
        batch.append(record(decision(f"d{i}", outcome=COMPLETE), 2 * i))
        batch.append(Stored(2 * i + 1, int(NOON * 1000), key, value))
    outputs = worker.apply(topics.ROUTING_DECISION, batch)
    assert [d.reason for d in outputs.dead_letters] == [reason for _, _, reason in bad]
    assert [d.offset for d in outputs.dead_letters] == list(range(1, len(batch), 2))
    assert [e.decision_id for e in experiences_in(outputs)] == [f"d{i}" for i in range(len(bad))]
    assert len(bad) >= 12


def test_the_same_batch_again_changes_nothing() -> None:
    worker = Worker()
    log = log_of([decision(f"d{i}", i * 1.0, outcome=COMPLETE if i % 2 else None) for i in range(20)])
    batch = [each for _, each in log]
    worker.apply(topics.ROUTING_DECISION, batch)
    before = msgspec.json.encode(list(worker.changelog)), str(state_of(worker.partition))
    again = worker.apply(topics.ROUTING_DECISION, batch)
    assert (again.applied, again.experiences, again.dead_letters) == (0, [], [])
    assert (msgspec.json.encode(list(worker.changelog)), str(state_of(worker.partition))) == before


@given(seeds)
def test_overlapping_redeliveries_apply_every_record_once(seed: int) -> None:
    worker = Worker()
    batch = [each for _, each in log_of([decision(f"d{i}", outcome=COMPLETE) for i in range(12)])]
    end = applied = 0
    while end < len(batch):
        start = (seed + end) % (end + 1)
        end = min(len(batch), end + 1 + seed % 4)
        applied += worker.apply(topics.ROUTING_DECISION, batch[start:end]).applied
        seed //= 3
    assert applied == len(batch)
    assert [e.decision_id for e in worker.standing()] == [f"d{i}" for i in range(12)]


def test_offsets_with_gaps() -> None:
    """Compaction and transactions leave some."""
    worker = Worker()
    worker.apply(topics.ROUTING_DECISION, [record(decision("d1"), 5), record(decision("d2"), 9)])
    assert worker.partition.cursors == {topics.ROUTING_DECISION: 10}
    assert worker.apply(topics.ROUTING_DECISION, [record(decision("d2"), 9)]).applied == 0


def test_tenants_never_mix() -> None:
    worker = Worker()
    for tenant, quality in (("harbor", 0.2), ("museum", 0.8)):
        for i in range(5):
            worker.feed(decision(f"d{i}", i * 1.0, tenant_id=tenant))
            worker.feed(outcome(f"d{i}", i + 1.0, tenant_id=tenant, search_quality=quality))
    ledger = worker.partition.ledger
    assert set(ledger.buffers) == {"harbor", "museum"}
    for tenant, quality in (("harbor", 0.2), ("museum", 0.8)):
        rewards = [row.reward for row, _ in ledger.buffers[tenant].sample()]
        assert rewards == pytest.approx([quality] * 5)
    assert ledger.agents["harbor", "search"].mean_reward == pytest.approx(0.2)
    for key, value in worker.experiences:
        assert orjson.loads(value)["tenant_id"] == orjson.loads(value)["decision"]["tenant_id"] == key.decode()


def test_shards_of_a_tenant_keep_their_own_state() -> None:
    worker = Worker()
    for shard in ("harbor#0", "harbor#1"):
        worker.feed(decision(shard, outcome=COMPLETE), key=shard)
    assert set(worker.partition.ledger.buffers) == {"harbor#0", "harbor#1"}
    assert [key for key, _ in worker.experiences] == [b"harbor#0", b"harbor#1"]


def test_agents_without_experience_have_no_mean() -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=Signals(search_quality=0.5)))
    agents = worker.partition.ledger.agents
    assert agents["harbor", "search"].last_s == NOON
    assert type(agents["harbor", "search"])().mean_reward == 0.0


def test_the_intake_remembers_a_bounded_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.intake.REMEMBERED_KEYS", 2)
    worker = Worker()
    for i in range(5):
        outputs = worker.feed(decision(f"d{i}", tenant_id=f"tenant{i}", outcome=COMPLETE))
        assert len(outputs.experiences) == 1
