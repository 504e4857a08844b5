"""Batches on their way: while one waits for the broker, those of other partitions are worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

MOST_BATCHES = 32
"""With more under way nothing is fetched: what has been fetched and not applied is held in memory."""


class Flights:
    """Tasks that are begun in order, are bounded in number, and crash the worker if they fail."""

    def __init__(self, crash: Callable[[BaseException], Awaitable[None]]) -> None:
        self._crash = crash
        self._under_way: set[asyncio.Task[Any]] = set()
        self._landed = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Begin `work` and don't wait for it."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._land)

    async def room(self) -> None:
        """Wait until more may be fetched."""
        while len(self._under_way) >= MOST_BATCHES:
            self._landed.clear()
            await self._landed.wait()

    def _land(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        self._landed.set()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.start(_awaited(self._crash(error)))


async def _awaited(done: Awaitable[None]) -> None:
    await done
