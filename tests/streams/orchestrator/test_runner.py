"""Cycles beside the stream: one of a kind at a time, bounded, and a failure is only a report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event

import pytest
from msgspec.structs import replace

from processors.cycles.order import Order
from processors.cycles.records import CycleReport, CycleRequest
from streams.orchestrator import runner
from streams.orchestrator.publishing import Publishing
from streams.orchestrator.runner import CycleRunner
from streams.orchestrator.threads import in_thread
from streams.orchestrator.tools import report_of
from tests.streams.orchestrator.fakes import AT_S, SETTINGS, ListedOutput, order


def runner_of(work: Callable[[Order], Awaitable[CycleReport]], output: ListedOutput) -> CycleRunner:
    publishing = Publishing(SETTINGS, output)  # type: ignore[arg-type]
    return CycleRunner({"metrics": work, "feedback": work}, publishing, lambda: AT_S + 5.0)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_cycle_reports_with_its_times_and_the_requests_that_it_answers() -> None:
    async def work(given: Order) -> CycleReport:
        return report_of(given, numbers={"examined": 3.0})

    output = ListedOutput()
    runner_of(work, output).start([replace(order(), request_ids=("r1", "r2"))])
    await turns()
    (report,) = output.records()
    assert isinstance(report, CycleReport)
    assert (report.numbers, report.request_ids) == ({"examined": 3.0}, ("r1", "r2"))
    assert (report.started_s, report.ended_s, report.error) == (AT_S + 5.0, AT_S + 5.0, None)
    assert output.written[0][2] == b"acme"


async def test_a_failure_is_a_report_and_the_next_order_runs(caplog: pytest.LogCaptureFixture) -> None:
    async def work(given: Order) -> CycleReport:
        raise ValueError("no " + "x" * 1000)

    output = ListedOutput()
    cycles = runner_of(work, output)
    for _ in range(2):
        cycles.start([order()])
        await turns()
    first, second = output.records()
    assert isinstance(first, CycleReport)
    assert isinstance(second, CycleReport)
    assert first.error is not None
    assert first.error.startswith("ValueError: no x")
    assert len(first.error) == runner.ERROR_LENGTH
    assert (first.numbers, first.watermark_s, second.error) == ({}, None, first.error)
    assert "cycle failed" in caplog.text


async def test_a_report_that_cannot_be_written_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def work(given: Order) -> CycleReport:
        return report_of(given)

    output = ListedOutput(failures=1)
    cycles = runner_of(work, output)
    cycles.start([order()])
    await turns()
    assert "could not be written" in caplog.text
    cycles.start([order()])
    await turns()
    assert len(output.records()) == 1


async def test_one_of_a_tenants_cycle_at_a_time_and_a_request_meanwhile_is_asked_again() -> None:
    gate, running = asyncio.Event(), 0

    async def work(given: Order) -> CycleReport:
        nonlocal running
        running += 1
        await gate.wait()
        return report_of(given)

    output = ListedOutput()
    cycles = runner_of(work, output)
    cycles.start([order(), order(), replace(order(), request_ids=("r1",)), order("feedback")])
    await turns()
    assert running == 2
    gate.set()
    await turns()
    reports = [each for each in output.records() if isinstance(each, CycleReport)]
    (again,) = [each for each in output.records() if isinstance(each, CycleRequest)]
    assert sorted(each.cycle for each in reports) == ["feedback", "metrics"]
    assert (again.request_id, again.tenant_id, again.cycle) == ("r1", "acme", "metrics")


async def test_no_more_run_than_allowed() -> None:
    gate, running = asyncio.Event(), 0

    async def work(given: Order) -> CycleReport:
        nonlocal running
        running += 1
        await gate.wait()
        return report_of(given)

    output = ListedOutput()
    cycles = runner_of(work, output)
    cycles.start([order(tenant=f"t{number}") for number in range(2 * runner.AT_ONCE)])
    await turns()
    assert running == runner.AT_ONCE
    gate.set()
    await turns(100)
    assert len(output.records()) == 2 * runner.AT_ONCE


async def test_what_is_no_longer_ours_ends_without_a_report() -> None:
    gate = asyncio.Event()

    async def work(given: Order) -> CycleReport:
        await gate.wait()
        return report_of(given)

    output = ListedOutput()
    cycles = runner_of(work, output)
    cycles.start([order(tenant="ours"), order(tenant="theirs")])
    await turns()
    cycles.keep(lambda key: key == "ours")
    gate.set()
    await turns()
    assert [key for _, _, key, _ in output.written] == [b"ours"]


async def test_stopping_waits_for_no_thread() -> None:
    gate = asyncio.Event()
    hangs = Event()

    async def work(given: Order) -> CycleReport:
        gate.set()
        await in_thread(hangs.wait)
        return report_of(given)

    output = ListedOutput()
    cycles = runner_of(work, output)
    cycles.start([order()])
    await gate.wait()
    await asyncio.wait_for(cycles.stop(), 5)
    hangs.set()
    assert output.written == []


async def test_a_thread_gives_what_it_found_or_raises() -> None:
    assert await in_thread(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)
