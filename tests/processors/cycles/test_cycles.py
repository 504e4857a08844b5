"""Ticks and requests make orders, reports change what a tenant's cycles remember; all of it survives."""

import pytest

from processors.cycles.records import CYCLES, CycleRequest, Tick
from processors.cycles.remembered import Remembered
from processors.cycles.state import TenantCycles
from processors.identity import decision_hash
from signalbox.events import Estimate, moment_at
from tests.processors.builders import COMPLETE, NOON, Worker, annotation, decision, report, result

KEYS = {
    "spans_evaluated",
    "experiences_created",
    "annotations_requested",
    "annotations_completed",
    "optimizations_triggered",
    "total_improvement",
    "started_at",
    "last_optimization",
    "uptime_seconds",
}


def known(*tenants: str) -> Worker:
    worker = Worker()
    worker.feed(*(decision(f"d-{tenant}", tenant_id=tenant, outcome=COMPLETE) for tenant in tenants))
    return worker


def test_a_tick_orders_every_cycle_of_every_tenant_once() -> None:
    worker = known("harbor", "museum")
    orders = worker.feed(Tick(at_s=NOON)).orders
    assert [(each.tenant_id, each.cycle) for each in orders] == [
        (tenant, cycle) for tenant in ("harbor", "museum") for cycle in CYCLES
    ]
    assert worker.feed(Tick(at_s=NOON + 10.0)).orders == []


def test_only_the_first_shard_of_a_tenant_speaks_for_it() -> None:
    worker = Worker()
    for shard in ("harbor#0", "harbor#1"):
        worker.feed(decision(f"d-{shard}", outcome=COMPLETE), key=shard)
    orders = worker.feed(Tick(at_s=NOON)).orders
    assert {(each.tenant_key, each.tenant_id) for each in orders} == {("harbor#0", "harbor")}


def test_a_request_makes_a_tenant_known_and_is_answered_by_its_id() -> None:
    worker = Worker()
    request = CycleRequest(tenant_id="new", cycle="span_evaluation", request_id="r1", at_s=NOON)
    (order,) = worker.feed(request).orders
    assert (order.tenant_key, order.cycle, order.request_ids) == ("new", "span_evaluation", ("r1",))
    assert {each.tenant_id for each in worker.feed(Tick(at_s=NOON + 1.0)).orders} == {"new"}


def test_another_tenants_record_is_refused() -> None:
    request = CycleRequest(tenant_id="harbor", cycle="metrics", request_id="r1", at_s=NOON)
    outputs = Worker().feed(request, key="museum")
    assert outputs.orders == []
    assert [(each.reason, each.topic) for each in outputs.dead_letters] == [("wrong_key", "cycle")]


def test_after_a_restart_a_cycle_that_was_begun_is_ordered_again() -> None:
    worker = known("harbor")
    worker.feed(Tick(at_s=NOON))
    worker.feed(report("metrics", 1.0))
    worker.restart("second")
    assert [each.cycle for each in worker.feed(Tick(at_s=NOON + 10.0)).orders] == list(CYCLES[:-1])


def test_the_metrics_are_the_specifications_and_survive_a_restart() -> None:
    worker = known("harbor")
    worker.feed(
        Tick(at_s=NOON),
        report("span_evaluation", numbers={"experiences_created": 2.0}, spans=((1, NOON), (2, NOON))),
        report("span_evaluation", numbers={"experiences_created": 0.0}, spans=((2, NOON),)),
        report("annotation", requested=(decision_hash("harbor", "d1"), 5)),
        annotation("d1", 10.0),
        annotation("d1", 20.0, annotator="bob"),
        annotation("unasked", 20.0),
        result(
            "t1",
            "promoted",
            30.0,
            improvement=Estimate(
                value=0.1, lower=0.05, upper=0.2, samples=9, effective_samples=9.0, largest_weight=1.0
            ),
        ),
    )
    worker.restart("second")
    metrics = worker.partition.tenants()["harbor"].metrics(NOON + 60.0, NOON + 50.0)
    assert set(metrics) == KEYS
    assert metrics == {
        "spans_evaluated": 2,
        "experiences_created": 2,
        "annotations_requested": 2,
        "annotations_completed": 1,
        "optimizations_triggered": 0,
        "total_improvement": pytest.approx(0.1),
        "started_at": NOON,
        "last_optimization": NOON + 30.0,
        "uptime_seconds": 10.0,
    }


def test_a_cycle_is_told_what_the_earlier_ones_found() -> None:
    worker = known("harbor")
    asked = decision_hash("harbor", "d9")
    worker.feed(
        report("span_evaluation", spans=((7, NOON),), watermark_s=NOON + 5.0),
        report("annotation", requested=(asked,), examined_end=41),
        report("feedback", watermark_s=NOON + 9.0),
        annotation("d1", 10.0),
        annotation("d2", 10.0, label="insufficient_info"),
    )
    worker.restart("second")
    spans, labels, feedback, _ = (each.memory for each in worker.feed(Tick(at_s=NOON + 9999.0)).orders)
    assert (spans.watermark_s, spans.spans) == (NOON + 5.0, {7})
    assert (labels.requested, labels.examined_end) == ({asked}, 41)
    assert labels.labelled == {decision_hash("harbor", name) for name in ("d1", "d2")}
    assert (feedback.annotated_s, feedback.labels_processed, feedback.experiences_updated) == (NOON + 9.0, 2, 1)
    numbers = {"annotations_processed": 2.0, "experiences_updated": 1.0}
    worker.feed(annotation("d3", 11.0), report("feedback", numbers=numbers))
    state = worker.partition.tenants()["harbor"]
    assert (state.labels_processed, state.experiences_updated) == (1, 1)


def test_a_failure_changes_nothing_but_the_timer() -> None:
    worker = known("harbor")
    worker.feed(report("annotation", requested=(1,), examined_end=9, error="no language model"))
    state = worker.partition.tenants()["harbor"]
    assert (state.examined_end, len(state.requested)) == (0, 0)
    assert state.timers["annotation"].error == "no language model"


def test_spans_before_the_overlap_are_forgotten() -> None:
    worker = Worker()
    old = tuple((i, NOON - 90_000.0) for i in range(50))
    worker.feed(report("span_evaluation", spans=old, watermark_s=NOON - 89_000.0))
    worker.feed(report("span_evaluation", spans=((99, NOON),), watermark_s=NOON))
    assert worker.partition.tenants()["harbor"].spans.all() == {99}


def test_remembered_hashes_come_back_from_their_row() -> None:
    remembered = Remembered()
    remembered.add((item, NOON + i * 400.0) for i, item in enumerate((3, 2**64 - 1, 17)))
    assert Remembered.restored(remembered.row()).all() == remembered.all() == {3, 17, 2**64 - 1}
    assert 17 in remembered
    remembered.forget(NOON + 850.0)
    assert remembered.all() == {17}


def test_a_row_of_an_earlier_version_is_read() -> None:
    state = TenantCycles()
    state.reported(report("metrics", scopes={"routing": {"avg_reward": 0.5}}), Worker().policies.cycles)
    again = TenantCycles.restored(state.row()[:3])
    assert (again.timers["metrics"].runs, again.scopes) == (1, {})


def test_a_label_says_when_its_decision_was_made() -> None:
    assert annotation("d1").decided_at == moment_at(NOON)


def test_a_label_that_came_before_the_report_of_its_request_counts_once() -> None:
    worker, asked = Worker(), decision_hash("harbor", "d1")
    worker.feed(annotation("d1", 1.0))
    for at in (2.0, 3.0):
        worker.feed(report("annotation", at, requested=(asked, decision_hash("harbor", "d2"))))
    totals = worker.partition.tenants()["harbor"].totals
    assert (totals.annotations_requested, totals.annotations_completed) == (2, 1)
    worker.feed(annotation("d2", 4.0))
    assert worker.partition.tenants()["harbor"].totals.annotations_completed == 2
