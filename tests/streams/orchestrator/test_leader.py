"""The timers' clock."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from processors.cycles.records import Tick
from streams.orchestrator.leader import Leader
from tests.streams.orchestrator.fakes import AT_S, SETTINGS, ListedOutput


async def led(output: ListedOutput, owned: list[bool], ticks: int) -> None:
    """Lead for so many looks; `owned` says at each whether partition 0 is ours, its last at all others."""
    looks = 0
    done = asyncio.Event()

    def owns(number: int) -> bool:
        nonlocal looks
        assert number == 0
        looks += 1
        if looks > ticks:
            done.set()
            return False
        return owned[min(looks, len(owned)) - 1]

    leading = asyncio.create_task(Leader(SETTINGS, output, owns, lambda: AT_S).lead())  # type: ignore[arg-type]
    await asyncio.wait_for(done.wait(), 10)
    assert not leading.done()
    leading.cancel()
    with suppress(asyncio.CancelledError):
        await leading


async def test_every_partition_gets_every_tick() -> None:
    output = ListedOutput()
    await led(output, [True], 2)
    assert [(number, key) for _, number, key, _ in output.written] == [(0, None), (1, None)] * 2
    assert set(output.records()) == {Tick(at_s=AT_S)}


async def test_who_loses_the_first_partition_leads_no_more() -> None:
    output = ListedOutput()
    await led(output, [False, True, False], 5)
    assert len(output.written) == SETTINGS.partitions


async def test_a_tick_that_cannot_be_sent_is_said_and_the_next_comes(caplog: pytest.LogCaptureFixture) -> None:
    output = ListedOutput(failures=1)
    await led(output, [True], 3)
    assert caplog.text.count("a tick could not be sent") == 1
    assert len(output.written) == 2 * SETTINGS.partitions
