"""What can't be used goes to dead-letter with bytes and reason and stops nothing else, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from adapters.broker import Broker
from signalbox.events import DeadLetter, RoutingDecision, decode, encode, moment_at
from signalbox.topics import DEAD_LETTER, ROUTING_DECISION, ROUTING_OUTCOME
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.traffic_support import AGENTS, Record, Traffic, send
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import (
    Service,
    check_rewards,
    read_records,
    services,
    settings_on,
    verify,
    worked_off,
)

pytestmark = pytest.mark.integration

TENANT = "tenant-1"
KEY = TENANT.encode()
Bad = tuple[str, bytes | None, bytes | None]


@pytest.fixture
async def settings(kafka: Broker, tmp_path: Path) -> Settings:
    settings = settings_on(kafka.connection, tmp_path)
    await ensure_topics(kafka.connection, settings)
    return settings


def malformed(late: str, waiting: str, long_ago: datetime) -> Iterator[tuple[str, Bad]]:
    """A reason and a record that must be refused for it; `late` and `waiting` are decisions of `long_ago`."""
    decision = orjson.loads(encode(good_decision("bad", long_ago)))
    outcome = {"tenant_id": TENANT, "occurred_at": long_ago, "decision_id": waiting, "search_quality": 0.5}

    def changed(event: dict[str, object], **fields: object) -> bytes:
        return orjson.dumps(event | fields)

    def on(topic: str, value: bytes | None, key: bytes | None = KEY) -> Bad:
        return topic, key, value

    future = datetime.now(UTC) + timedelta(hours=1)
    too_late = changed(outcome, decision_id=late, occurred_at=long_ago + timedelta(seconds=601))
    yield "not_json", on(ROUTING_DECISION, b"this is no JSON \xff")
    yield "not_json", on(ROUTING_DECISION, changed(decision)[:-40])
    yield "not_json", on(ROUTING_OUTCOME, changed(outcome).replace(b"0.5", b"NaN"))
    yield "invalid", on(ROUTING_DECISION, changed(decision, propensity="a half"))
    yield "invalid", on(ROUTING_OUTCOME, b"[1, 2, 3]")
    yield "invalid", on(ROUTING_OUTCOME, changed(outcome, search_quality=1.5))
    yield "invalid", on(ROUTING_OUTCOME, changed(outcome, occurred_at="2026-01-01T00:00:00"))
    yield "invalid", on(ROUTING_DECISION, changed(decision, tenant_id="../etc"))
    yield "invalid", on(ROUTING_DECISION, changed(decision, chosen_agent="nobody"))
    yield "invalid", on(ROUTING_DECISION, changed(decision, probabilities=[0.5, 0.6]))
    yield "invalid", on(ROUTING_DECISION, None)
    yield "wrong_key", on(ROUTING_DECISION, changed(decision), b"tenant-2")
    yield "wrong_key", on(ROUTING_DECISION, changed(decision), None)
    yield "wrong_key", on(ROUTING_OUTCOME, changed(outcome), b"\xff\xfe")
    yield "empty_outcome", on(ROUTING_OUTCOME, changed({k: outcome[k] for k in list(outcome)[:3]}))
    yield "from_the_future", on(ROUTING_DECISION, changed(decision, occurred_at=future))
    yield "too_large", on(ROUTING_DECISION, changed(decision, attributes={"x": "y" * 300_000}))
    yield "unsupported_version", on(ROUTING_OUTCOME, changed(outcome, schema_version=2))
    yield "too_late", on(ROUTING_OUTCOME, too_late)


def good_decision(decision_id: str, at: datetime) -> RoutingDecision:
    return RoutingDecision(
        tenant_id=TENANT,
        occurred_at=at,
        decision_id=decision_id,
        query="which one?",
        candidate_agents=AGENTS,
        chosen_agent=AGENTS[0],
        propensity=0.5,
        probabilities=(0.5, 0.5),
    )


async def test_one_percent_of_a_dozen_kinds_of_malformed_messages(kafka: Broker, settings: Settings) -> None:
    connection, traffic = kafka.connection, Traffic(seed=9)
    traffic.began_s -= 1.0
    began = moment_at(traffic.began_s)
    first = [encode(good_decision(decision_id, began)) for decision_id in ("late", "waiting")]
    good: list[Record] = [(ROUTING_DECISION, KEY, value) for value in first]
    for _, records in zip(range(900), traffic.rounds(), strict=False):
        good += [record for record in records if not record[2].startswith(b"garbage")]
    good += traffic.rest()
    bad = list(malformed("late", "waiting", began))
    assert 0.008 < len(bad) / len(good) < 0.02
    async with producer_on(connection) as producer, services(Service(settings)) as (worker,):
        await worker.ready()
        await send(producer, settings, good[:2])
        await producer.flush()
        await worked_off(connection, settings)  # an outcome that comes before its decision isn't too late
        apart = len(good) // len(bad)
        for place, (_, (topic, key, value)) in enumerate(bad):
            await send(producer, settings, good[2:][place * apart : (place + 1) * apart])
            await producer.send(settings.topic(topic), value, key)
        await send(producer, settings, good[2:][len(bad) * apart :])
        await producer.flush()
        await worked_off(connection, settings)
        assert await worker.stop() == 0
    letters = [decode(DeadLetter, r.value) for r in await read_records(connection, settings, DEAD_LETTER)]
    found = [(letter.reason, (letter.topic, letter.key, letter.value)) for letter in letters]
    assert sorted(found, key=repr) == sorted(bad, key=repr)
    assert all(letter.message for letter in letters)
    await check_rewards(connection, settings, traffic.expected)
    await verify(connection, settings)


async def test_a_flood_of_garbage_stops_the_worker_with_a_clear_message(
    kafka: Broker, settings: Settings
) -> None:
    async with producer_on(kafka.connection) as producer, services(Service(settings)) as (worker,):
        await worker.ready()
        flood = [(ROUTING_DECISION, b"tenant-%d" % (n % 8), b"garbage %d" % n) for n in range(3000)]
        await send(producer, settings, flood)
        await producer.flush()
        assert await worker.ended() == 3
        last = worker.log.splitlines()[-1]
    assert last.startswith("signalbox: ")
    assert "records went to dead-letter, the limit is 50%; last reason: RoutingDecision" in last
    assert "\nTraceback" not in worker.log
    letters = [decode(DeadLetter, r.value) for r in await read_records(kafka.connection, settings, DEAD_LETTER)]
    assert 1000 <= len(letters) <= 3000
    assert {letter.reason for letter in letters} == {"not_json"}
