"""Blocking work beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` gives, from a daemon thread: one that hangs doesn't keep the process from ending."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[T] = loop.create_future()

    def settle(method: Callable[[Any], None], value: Any) -> None:
        if not found.done():
            method(value)

    def run() -> None:
        method: Callable[[Any], None]
        value: Any
        try:
            method, value = found.set_result, work()
        except BaseException as error:  # noqa: BLE001 it is raised where it is awaited
            method, value = found.set_exception, error
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(settle, method, value)

    Thread(target=run, name="signalbox-cycle", daemon=True).start()
    return await found
