"""Faust's Kafka transport, with short fetches and commits that say what was applied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.worker.backlog import Backlog

FETCH_WAIT_MS = 20
"""Faust's own 1500 ms let source partitions wait behind an idle changelog partition's long poll."""


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        # Answers to triggers are written in transactions; an aborted one is no answer.
        consumer._isolation_level = "read_committed"
        return consumer

    @property
    def _transport(self) -> BatchTransport:
        return cast(BatchTransport, self.consumer.transport)

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: Any = None,  # noqa: ASYNC109 Faust's name
        max_records: Any = None,
    ) -> dict[TP, list[Any]]:
        backlog = self._transport.backlog
        active = active_partitions - backlog.held(active_partitions, lambda tp: _has_more(consumer, tp))
        # aiokafka gives all that it has of one partition before it comes to the next. An equal share of each
        # keeps partitions in step when there is much to catch up with.
        self._spare_consumer_records(consumer)
        fetched = dict(await super()._fetch_records(consumer, active, timeout, max_records))
        for tp in active - fetched.keys():
            fetched.update(await super()._fetch_records(consumer, {tp}, 0, max_records))
        backlog.took(fetched)
        return fetched

    def _spare_consumer_records(self, consumer: Any) -> None:
        """Let source records stay as aiokafka parsed them: to wrap each costs as much as to parse it.

        They have everything that a processor asks of a record. Faust asks for more, of the changelog's.
        """
        for tp, result in consumer._fetcher._records.items():
            parsed = getattr(result, "_partition_records", None)  # an error has none
            if parsed is not None and tp.topic != self._transport.changelog_topic:
                parsed._consumer_record = _as_parsed


def _as_parsed(_: TP, record: Any) -> Any:
    return record


def _has_more(consumer: Any, tp: TP) -> bool:
    """Whether the last fetch saw records behind the consumer's position (`lso`: without open transactions)."""
    state = _state(consumer, tp)
    return bool(state and state.has_valid_position and state.lso and state.position < state.lso)


def _state(consumer: Any, tp: TP) -> Any:
    assignment = consumer._subscription.subscription and consumer._subscription.subscription.assignment
    return assignment.state_value(tp) if assignment else None


def is_in_touch(consumer: Any) -> bool:
    """Whether Faust's consumer has a group coordinator; it forgets one that doesn't answer."""
    return consumer._thread._ensure_consumer()._coordinator.coordinator_id is not None


def end_of(consumer: Any, tp: TP) -> int | None:
    """Where the partition ended at the last fetch of Faust's consumer; None before the first."""
    state = _state(consumer._thread._ensure_consumer(), tp)
    return state.lso if state else None


class _Consumer(driver.Consumer):
    transport: BatchTransport

    def _new_consumer_thread(self) -> Any:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 Faust's name
        await self.transport.room()
        async for fetched in super().getmany(timeout):
            yield fetched

    def _new_offset(self, tp: TP) -> int | None:
        # Faust's acknowledgement says only that a batch was taken up.
        self._acked_index[tp].clear()
        self._acked[tp].clear()
        return self.transport.applied(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Between the last offsets of two batches there is no gap to fill."""


class BatchTransport(driver.Transport):
    """What the worker's app is given in place of Faust's own transport.

    `backlog` says what is not fetched yet; `room` is awaited before every fetch; `applied` gives the offset of
    a source partition up to which the state is written, or None where nothing was applied yet.
    """

    Consumer = _Consumer
    backlog: Backlog
    changelog_topic: str
    room: Callable[[], Awaitable[None]]
    applied: Callable[[TP], int | None]
