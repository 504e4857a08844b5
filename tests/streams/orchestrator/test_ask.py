"""What an asker takes for an answer, and what it makes of one."""

from __future__ import annotations

from typing import Any

import pytest

from processors.cycles.records import CycleReport, CycleRequest
from streams.orchestrator.ask import _answers
from streams.orchestrator.places import keys_of, partition_of
from streams.orchestrator.results import merged, results_of
from tests.streams.orchestrator.fakes import AT_S, SETTINGS

REQUEST = CycleRequest(tenant_id="acme", cycle="feedback", request_id="r1", at_s=AT_S)


def report(cycle: Any = "feedback", started_s: float = AT_S - 1.0, **said: Any) -> CycleReport:
    return CycleReport(tenant_id="acme", cycle=cycle, started_s=started_s, ended_s=started_s, **said)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (report(request_ids=("r0", "r1")), True),
        (report(), False),
        (report(started_s=AT_S + 1.0), True),
        (report("metrics", request_ids=("r1",)), False),
    ],
)
def test_an_answer_names_the_request_or_began_after_it(found: CycleReport, expected: bool) -> None:
    assert _answers(found, REQUEST) is expected


def test_the_results_have_the_specifications_keys() -> None:
    spans = {"spans_processed": 45.0, "experiences_created": 38.0, "avg_confidence": 0.78, "ignored": 2.0}
    found = results_of(
        [
            report("span_evaluation", numbers=spans | {"errors": 2.0, "success_rate": 0.5}, agents={"a": 38}),
            report("annotation", numbers={"annotation_requests": 12.0, "annotations_generated": 10.0}),
            report(
                numbers={"annotations_processed": 10.0, "experiences_updated": 9.0, "optimizer_updated": 1.0}
            ),
        ]
    )
    assert found["span_evaluation"] == {
        "spans_processed": 45,
        "experiences_created": 38,
        "avg_confidence": 0.78,
        "success_rate": 0.5,
        "agent_distribution": {"a": 38},
        "ignored": 2,
        "errors": 2,
    }
    assert (found["annotation_requests"], found["annotations_generated"]) == (12, 10)
    assert found["feedback_loop"] == {
        "annotations_found": 0,
        "annotations_processed": 10,
        "experiences_created": 0,
        "experiences_updated": 9,
        "optimizer_updated": True,
    }
    assert found["errors"] == {}


def test_what_failed_is_named() -> None:
    reports = [report("span_evaluation", error="away"), report("annotation"), report()]
    assert results_of(reports)["errors"] == {"span_evaluation": "away"}


def test_the_first_shard_speaks_for_its_tenant() -> None:
    assert keys_of(SETTINGS, "acme") == ["acme"]
    assert keys_of(SETTINGS, "big") == ["big#0", "big#1", "big#2"]


@pytest.mark.parametrize(("key", "partitions"), [("acme", 1), ("big#2", 8), ("ü", 1000)])
def test_a_key_lies_where_the_clients_partitioner_puts_it(key: str, partitions: int) -> None:
    from aiokafka.partitioner import DefaultPartitioner

    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key.encode(), everywhere, everywhere)


def test_what_the_timers_did_meanwhile_is_added() -> None:
    timers = report(
        "span_evaluation", numbers={"spans_processed": 30.0, "avg_confidence": 0.4}, agents={"a": 30}
    )
    asked = report(
        "span_evaluation", numbers={"spans_processed": 10.0, "avg_confidence": 0.8}, agents={"b": 10}
    )
    found = merged([timers, asked])
    assert found.numbers == {"spans_processed": 40.0, "avg_confidence": pytest.approx(0.5)}
    assert found.agents == {"a": 30, "b": 10}
    assert merged([asked]) == asked
    assert merged([timers, report("span_evaluation", error="away")]).error == "away"
    nothing = report("span_evaluation", numbers={"spans_processed": 0.0, "avg_confidence": 0.0})
    assert merged([nothing, nothing]).numbers == nothing.numbers
