"""Faust's Kafka transport, with short fetches and commits that say what was applied."""

from __future__ import annotations

from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

FETCH_WAIT_MS = 20
"""Faust's own 1500 ms let source partitions wait behind an idle changelog partition's long poll."""


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        # Answers to triggers are written in transactions; an aborted one is no answer.
        consumer._isolation_level = "read_committed"
        return consumer


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> Any:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _new_offset(self, tp: TP) -> int | None:
        # A batch is acknowledged after its state is written, and batches of a partition one after the other,
        # so the newest acknowledged offset is what was applied; there are no gaps to wait for.
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        newest: int = max(acknowledged)
        self._acked_index[tp].difference_update(acknowledged)
        acknowledged.clear()
        return newest + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Between the last offsets of two batches there is no gap to fill."""


class BatchTransport(driver.Transport):
    """What the worker's app is given in place of Faust's own transport."""

    Consumer = _Consumer
