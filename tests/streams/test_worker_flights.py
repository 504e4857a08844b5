"""Batches on their way: bounded, and a failure crashes the worker."""

from __future__ import annotations

import asyncio

from streams.worker import flights
from streams.worker.flights import Flights


async def _ignore(error: BaseException) -> None:
    raise AssertionError("nothing failed") from error


async def test_no_more_is_fetched_while_too_many_are_under_way() -> None:
    gate = asyncio.Event()
    under_way = Flights(_ignore)
    for _ in range(flights.MOST_BATCHES):
        under_way.start(gate.wait())
    waiting = asyncio.create_task(under_way.room())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    await asyncio.wait_for(waiting, 5)


async def test_work_begins_in_the_order_in_which_it_came() -> None:
    begun: list[int] = []
    lock = asyncio.Lock()
    done = asyncio.Event()

    async def work(number: int) -> None:
        async with lock:
            begun.append(number)
            await asyncio.sleep(0)
            if len(begun) == 20:
                done.set()

    under_way = Flights(_ignore)
    for number in range(20):
        under_way.start(work(number))
    await asyncio.wait_for(done.wait(), 5)
    assert begun == list(range(20))


async def test_a_failure_crashes_the_worker_with_its_reason() -> None:
    crashed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def crash(error: BaseException) -> None:
        crashed.set_result(error)

    async def fail() -> None:
        raise OSError("the broker is gone")

    Flights(crash).start(fail())
    assert str(await asyncio.wait_for(crashed, 5)) == "the broker is gone"
