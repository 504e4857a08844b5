"""A thread with an event loop of its own, so that a router needs none and is never held up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Thread

from aiokafka.errors import KafkaError

from signalbox.errors import SignalboxError

logger = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
"""Between two attempts, doubled each time: soon back after a hiccup, quiet through an outage."""
_CALM_S = 10.0
"""Work that went well for so long starts with the first pause again."""
_STOPPING_PAUSE_S = 0.1
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
        pause_s = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                await self._work(self._stopping)
            except Exception as error:  # the one place where a router is shielded from ours
                expected = isinstance(error, (KafkaError, SignalboxError, OSError))
                logger.warning(
                    "%s: %s; trying again",
                    self._name,
                    error or type(error).__name__,
                    exc_info=not expected,
                )
                calm = time.monotonic() - began > _CALM_S
                pause_s = FIRST_PAUSE_S if calm else min(2 * pause_s, LONGEST_PAUSE_S)
                if self._stopping.is_set():
                    await asyncio.sleep(_STOPPING_PAUSE_S)
                else:
                    await wait_for_event(self._stopping, pause_s)
            else:
                return


def notify(callback: Callable[..., None], *arguments: object) -> None:
    """Call a router's own code, whose failure must not end what we do in the background."""
    try:
        callback(*arguments)
    except Exception:  # whatever it is, it isn't ours
        logger.exception("a callback failed: %r", callback)


async def wait_for_event(event: asyncio.Event, timeout_s: float) -> bool:
    """Whether `event` is set, after waiting for it at most `timeout_s`."""
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    return True
