"""Notices that this process was stopped for so long that another may have taken its partitions."""

from __future__ import annotations

import asyncio
import time

from signalbox.errors import Stop

BEAT_S = 0.5


class Liveness:
    """A beat in the event loop; a missed one means that we may write over a successor's state.

    Kafka gives a silent member's partitions away after the session timeout. A process that was frozen and
    wakes up does not know it yet, so it must not write before it has looked at the time.
    """

    def __init__(self, session_timeout_s: float) -> None:
        self._limit_s = session_timeout_s * 0.8
        self._last_s = time.monotonic()

    def check(self) -> None:
        """Raise `Stop` if the last beat is too long ago."""
        silent_s = time.monotonic() - self._last_s
        if silent_s > self._limit_s:
            raise Stop(f"this process stood still for {silent_s:.1f} s; another may own its partitions now")

    async def beat(self) -> None:
        """Beat until cancelled; raises `Stop` after a missed beat."""
        while True:
            self.check()
            self._last_s = time.monotonic()
            await asyncio.sleep(BEAT_S)
