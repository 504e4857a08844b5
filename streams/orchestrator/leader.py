"""The timers' clock: one worker sends ticks to all partitions, whose owners know what is due."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from processors.cycles.records import Tick, encode_record
from signalbox.topics import CYCLE
from streams.settings import Settings
from streams.worker.output import Output

log = logging.getLogger(__name__)

FIRST = 0
"""The owner of this partition leads. While it changes hands there may be two: a tick more does no harm."""


class Leader:
    """Sends a tick every `tick_s` seconds while this worker owns the first partition."""

    def __init__(
        self,
        settings: Settings,
        output: Output,
        owns: Callable[[int], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._output = output
        self._owns = owns
        self._clock = clock

    async def lead(self) -> None:
        """Send ticks until cancelled, the first after `tick_s`; one that can't be sent is said."""
        while True:
            await asyncio.sleep(self._settings.tick_s)
            if self._owns(FIRST):
                try:
                    await self.tick()
                except Exception as error:  # noqa: BLE001 without its leader no worker would have timers
                    log.error("a tick could not be sent: %r", error)

    async def tick(self) -> None:
        """Send one tick to every partition."""
        record = encode_record(Tick(at_s=self._clock()))
        topic = self._settings.topic(CYCLE)
        sent = [
            await self._output.begin(topic, number, [(None, record)])
            for number in range(self._settings.partitions)
        ]
        for each in sent:
            await each
