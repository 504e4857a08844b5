"""A thread with an event loop of its own, so that a router needs none and is never held up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Thread

logger = logging.getLogger(__name__)

RETRY_PAUSE_S = 1.0
"""Between two attempts: short enough to be back soon, long enough not to hammer a broker that starts."""
_CANCEL_S = 3.0


class Background:
    """Runs `work(stopping)` in a daemon thread until it returns, and again whenever it fails.

    A failure is logged and never reaches the router: Kafka being away is normal life for `work`. It has to
    return soon after `stopping` is set.
    """

    def __init__(self, name: str, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        self._work = work
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the thread; once only."""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, args=(self._loop,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ask the work to end, and cancel it after `timeout_s`; takes at most three seconds more."""
        if self._thread is None:
            return
        self._call(self._stopping.set)
        self._thread.join(timeout_s)
        if self._thread.is_alive() and self._task is not None:
            self._call(self._task.cancel)
            self._thread.join(_CANCEL_S)

    def _call(self, function: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the work has ended by itself
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner, suppress(asyncio.CancelledError):
            runner.run(self._supervise())

    async def _supervise(self) -> None:
        self._task = asyncio.current_task()
        while True:
            try:
                await self._work(self._stopping)
            except Exception as error:  # the one place where a router is shielded from ours
                expected = type(error).__module__.startswith("aiokafka") or isinstance(error, OSError)
                logger.warning(
                    "%s: %s; trying again",
                    self._name,
                    error or type(error).__name__,
                    exc_info=not expected,
                )
                await asyncio.sleep(RETRY_PAUSE_S if not self._stopping.is_set() else RETRY_PAUSE_S / 10)
            else:
                return


async def wait_for_event(event: asyncio.Event, timeout_s: float) -> bool:
    """Whether `event` is set, after waiting for it at most `timeout_s`."""
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    return True
