"""What a worker's partitions tell the web pages."""

import random
import time
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from msgspec import structs

from processors.cycles.records import CycleReport, Tick, encode_record
from processors.partition import Partition
from processors.policies import Policies
from signalbox.events import encode
from signalbox.topics import CYCLE, ROUTING_DECISION
from streams.settings import load_settings
from streams.web.partition_source import PartitionSource
from streams.worker.liveness import Liveness
from tests.streams.trainer_jobs import Stamped, decision

AT_S = 1_780_000_000.0


def partition(*tenant_keys: str) -> Partition:
    """Three decisions of each tenant key, and a tick."""
    made = Partition(0, Policies(), "run")
    chance, records = random.Random(1), []
    for key in tenant_keys:
        for number in range(3):
            event = decision(number, chance, minutes=number)
            event = structs.replace(event, tenant_id=key.partition("#")[0])
            data, at_ms = encode(event), int(event.occurred_at.timestamp() * 1000)
            records.append(Stamped(len(records), data, at_ms, key.encode()))
    made.apply(ROUTING_DECISION, records)
    made.apply(CYCLE, [Stamped(0, encode_record(Tick(at_s=AT_S)), 0, b"")])
    return made


def source_of(made: Partition, standing: str = "at work", coordinator: int | None = 1) -> PartitionSource:
    place = TP("x-routing-decision", 0)
    states = {place: SimpleNamespace(lso=11)}
    assignment = SimpleNamespace(state_value=states.get)
    consumer = SimpleNamespace(
        _coordinator=SimpleNamespace(coordinator_id=coordinator),
        _subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)),
    )
    app: Any = SimpleNamespace(
        consumer=SimpleNamespace(_thread=SimpleNamespace(_ensure_consumer=lambda: consumer))
    )
    host: Any = SimpleNamespace(
        standing=standing,
        partitions={made.number: made},
        policies=made.ledger.policies,
        dead_letters={"invalid": 2},
        cursor=lambda topic, _: made.cursors.get(topic, 0),
    )
    return PartitionSource(load_settings(topic_prefix="x-"), app, host, Liveness(10.0))


def test_tenants_are_told_with_their_scopes_totals_and_cycles() -> None:
    made = partition("globex", "acme")
    report = CycleReport(
        tenant_id="acme",
        cycle="metrics",
        started_s=AT_S,
        ended_s=AT_S + 1,
        scopes={"routing": {"avg_reward": 0.25}, "program:routing": {"avg_reward": 0.5}},
    )
    made.apply(CYCLE, [Stamped(1, encode_record(report), 0, b"acme")])
    made.ledger.scope("acme", "routing").champion_digest = "a" * 64
    acme, globex = source_of(made).tenants()
    assert (acme.tenant_id, globex.tenant_id) == ("acme", "globex")
    program, scope = acme.scopes
    assert (program.name, program.optimizer_ready, program.reported) == (
        *("program:routing", False, {"avg_reward": 0.5}),
    )
    assert (scope.name, scope.optimizer_ready, scope.total_experiences) == ("routing", True, 3)
    assert scope.avg_reward == pytest.approx(made.ledger.scopes["acme", "routing"].recent_reward)
    assert scope.last_updated_s == max(
        agent.last_s for (key, _), agent in made.ledger.agents.items() if key == "acme"
    )
    assert scope.reported == {"avg_reward": 0.25}
    assert globex.scopes[0].reported == {}
    assert not globex.scopes[0].optimizer_ready
    assert acme.totals["started_at"] == AT_S
    assert 0 <= (acme.totals["uptime_seconds"] or 0) < 60
    runs = {cycle.name: (cycle.runs, cycle.failures, cycle.ended_s) for cycle in acme.cycles}
    assert runs["metrics"] == (1, 0, AT_S + 1)
    assert runs["feedback"] == (0, 0, None)


def test_a_programs_scope_is_judged_by_the_experiences_of_routing() -> None:
    made = partition("acme")
    made.ledger.scope("acme", "program:routing").champion_digest = "b" * 64
    scopes = {scope.name: scope for scope in source_of(made).tenants()[0].scopes}
    assert scopes["program:routing"].total_experiences == 3
    assert scopes["program:routing"].optimizer_ready
    assert not scopes["routing"].optimizer_ready


def test_of_a_sharded_tenant_the_first_shard_speaks() -> None:
    (only,) = source_of(partition("big#0", "big#1")).tenants()
    assert (only.tenant_id, only.scopes[0].total_experiences) == ("big", 3)


def test_what_is_applied_and_what_is_still_to_be() -> None:
    source = source_of(partition("acme"))
    assert source.batches() == {0: 2}
    assert source.lag() == {("routing-decision", 0): 8}, "of other topics nothing was fetched yet"
    assert source.dead_letters() == {"invalid": 2}
    assert source.intervals_s()["metrics"] == 300
    assert source_of(partition("acme"), "suspended").lag() == {}


@pytest.mark.parametrize(
    ("standing", "coordinator", "not_ready", "ill"),
    [
        ("at work", 1, None, None),
        ("suspended", 1, "partitions are being recovered or handed over", None),
        ("at work", None, "Kafka doesn't answer", None),
        ("failed", 1, "a batch could not be written", "a batch could not be written"),
    ],
)
def test_a_worker_is_ready_while_it_has_its_partitions_and_kafka(
    standing: str, coordinator: int | None, not_ready: str | None, ill: str | None
) -> None:
    source = source_of(partition("acme"), standing, coordinator)
    assert (source.not_ready(), source.ill()) == (not_ready, ill)
    source.leave()
    assert (source.not_ready(), source.ill()) == ("the worker is stopping", ill)


def test_a_process_that_stood_still_is_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    source, now_s = source_of(partition("acme")), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 9)
    assert "stood still for 9" in (source.ill() or "")
    assert source.not_ready() == source.ill()
