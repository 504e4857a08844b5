"""What `signalbox status` makes of what the cluster tells."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import structs

from signalbox.events import OptimizationTrigger, PolicyUpdate, TrainingResult, epoch_s
from streams.cli.status import as_lines, as_object, duration, missing_roles
from streams.status import Status
from streams.status.groups import UNKNOWN, Group
from streams.status.news import News

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SUFFIX = "-01234567-89ab-cdef-0123-456789abcdef"


def trigger(trigger_id: str, tenant: str = "acme") -> OptimizationTrigger:
    return OptimizationTrigger(
        tenant_id=tenant,
        occurred_at=NOW,
        trigger_id=trigger_id,
        tenant_key=tenant,
        scope="routing",
        reasons=("enough_experiences",),
        windows=(),
        ranges=(),
        buffer_digest="",
        experiences=60,
        look=1,
        seed=0,
        code_version="1",
        configuration={},
        run="1-x",
        batch=1,
    )


def answer(trigger_id: str) -> TrainingResult:
    return TrainingResult(
        tenant_id="acme",
        occurred_at=NOW,
        trigger_id=trigger_id,
        tenant_key="acme",
        scope="routing",
        verdict="rejected",
        reason="not_proven",
        message="the interval holds 0",
    )


def update(version: int, slot: str = "champion") -> PolicyUpdate:
    return PolicyUpdate(
        tenant_id="acme",
        occurred_at=NOW,
        scope="routing",
        slot=slot,  # type: ignore[arg-type]
        version=version,
        digest="ab" * 32,
        size_bytes=1,
        chunks=1,
        reason="promoted",
        manifest={},
    )


def group(*instances: str) -> Group:
    return Group("g", "Stable" if instances else "Empty", tuple(name + SUFFIX for name in instances))


def test_a_trigger_is_outstanding_until_its_answer() -> None:
    news = News()
    for event in (trigger("t1"), trigger("t2"), trigger("t3", "globex"), answer("t1"), update(1)):
        news.add(event)
    assert [each.trigger_id for each in news.outstanding()] == ["t2", "t3"]
    news.add(answer("t2"))
    assert [each.trigger_id for each in news.outstanding()] == ["t3"]


def test_the_champion_is_the_highest_version_and_no_canary() -> None:
    news = News()
    for event in (update(2), update(1), update(5, "canary")):
        news.add(event)
    assert [(each.version, each.slot) for each in news.champions()] == [(2, "champion")]
    assert [(each.version, each.slot) for each in news.canaries()] == [(5, "canary")]
    news.ledger.end(b"acme/routing/canary")
    assert news.canaries() == []


@pytest.mark.parametrize(
    ("workers", "trainers", "role", "instance", "missing"),
    [
        (("w",), ("t",), None, None, []),
        ((), ("t",), None, None, ["worker"]),
        (("w",), (), None, None, ["trainer"]),
        ((), (), None, None, ["worker", "trainer"]),
        (("w",), (), "worker", None, []),
        (("w",), (), "trainer", None, ["trainer"]),
        # A health check is about its own container, not about another that does the same.
        (("worker-1",), (), "worker", "worker-1", []),
        (("worker-2", "worker-1-b"), (), "worker", "worker-1", ["worker"]),
        ((), ("trainer-t1",), "trainer", "t1", []),
        ((), ("trainer-t2",), "trainer", "t1", ["trainer"]),
        # Without a role, the name of this process says nothing about the others.
        (("w",), ("t",), None, "worker-1", []),
    ],
)
def test_who_is_missing(
    workers: tuple[str, ...],
    trainers: tuple[str, ...],
    role: str | None,
    instance: str | None,
    missing: list[str],
) -> None:
    status = Status("k:1", workers=group(*workers), trainers=group(*trainers))
    assert missing_roles(status, role, instance) == missing  # type: ignore[arg-type]


def test_people_and_machines_are_told_the_same() -> None:
    news = News()
    on_trial = structs.replace(update(1, "canary"), reason="trial", share=0.5)
    out = structs.replace(on_trial, reason="canary", share=0.05, tenant_id="globex")
    for event in (trigger("t1"), answer("t1"), trigger("t2"), update(3), on_trial, out):
        news.add(event)
    status = Status(
        "k:1",
        workers=group("a", "b"),
        trainers=group(),
        lag={"routing-decision": 7},
        dead_letters=2,
        outstanding=news.outstanding(),
        champions=news.champions(),
        canaries=news.canaries(),
        results=news.results,
    )
    assert as_lines(status, ["trainer"], epoch_s(NOW) + 7200) == [
        "broker        k:1",
        "workers       2",
        "trainers      NONE",
        "lag           routing-decision 7",
        "dead letters  2",
        "champion      acme/routing: version 3, abababababab, for 2.0 hours",
        "on trial      acme/routing: abababababab, share 0.5, for 2.0 hours",
        "canary        globex/routing: abababababab, share 0.05, for 2.0 hours",
        "outstanding   acme/routing: trigger t2 (enough_experiences)",
        "answer        acme/routing: rejected 2.0 hours ago, not_proven: the interval holds 0",
    ]
    found = as_object(status, ["trainer"], epoch_s(NOW) + 7200)
    assert (found["ok"], found["missing"], found["workers"], found["trainers"]) == (False, ["trainer"], 2, 0)
    assert found["champions"][0] | {"age_s": 0} == {
        "tenant_id": "acme",
        "scope": "routing",
        "version": 3,
        "digest": "ab" * 32,
        "age_s": 0,
    }
    assert found["champions"][0]["age_s"] == 7200.0
    assert [(each["reason"], each["share"]) for each in found["canaries"]] == [("trial", 0.5), ("canary", 0.05)]


def test_an_unreachable_broker_is_the_only_news() -> None:
    status = Status("k:1", broker_error="no answer within 10 s")
    assert missing_roles(status, "worker", "w") == ["broker"]
    assert as_lines(status, ["broker"], 0.0) == ["broker        k:1: not reachable: no answer within 10 s"]
    assert as_object(status, ["broker"], 0.0)["broker"]["reachable"] is False


def test_a_broker_that_does_not_tell_who_runs_is_not_taken_for_well() -> None:
    status = Status("k:1", workers=Group("g", UNKNOWN), trainers=Group("g", UNKNOWN))
    assert missing_roles(status) == ["worker", "trainer"]
    assert as_lines(status, ["worker"], 0.0)[1] == "workers       unknown: this broker doesn't tell"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (59.4, "59 s"), (90, "1.5 minutes"), (7200, "2.0 hours"), (90_000 * 2, "2.1 days")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said
