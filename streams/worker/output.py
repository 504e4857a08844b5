"""What the worker writes, in Kafka record batches that it fills itself.

Handing records over one by one costs 8 microseconds each, filling a batch costs 1. And a record batch is
appended whole or not at all, which is what keeps state and cursor together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from signalbox.connection import Connection
from streams.topics import CHANGELOG_BATCH_BYTES

Record = tuple[bytes | None, bytes | None]
OUTPUT_BATCH_BYTES = 900_000
"""Below the 1 MB that a topic accepts by default."""
RECORD_BYTES = 40
"""More than what a batch needs of its own for a record."""


class Output:
    """An idempotent producer; every method returns when the broker has everything.

    `before_request` is called right before each request leaves, also before a retry, and stops it by raising.
    """

    def __init__(self, connection: Connection, before_request: Callable[[], None] = lambda: None) -> None:
        self._producer = AIOKafkaProducer(
            **connection.client_options(),
            enable_idempotence=True,
            acks="all",
            max_batch_size=CHANGELOG_BATCH_BYTES,
            max_request_size=CHANGELOG_BATCH_BYTES,
        )
        # Checking where records are handed over is too early: from there they go through the producer's queue.
        client: Any = self._producer.client
        client.send = _preceded(client.send, before_request)

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def send(self, topic: str, partition: int, records: Iterable[Record]) -> list[int]:
        """Write records in order; their offsets."""
        return await (await self.begin(topic, partition, records))

    async def begin(
        self, topic: str, partition: int, records: Iterable[Record]
    ) -> Coroutine[Any, Any, list[int]]:
        """Hand records over in order, in as few batches as fit; what is awaited then gives their offsets."""
        handed: list[tuple[int, asyncio.Future[Any]]] = []
        builder, size = self._producer.create_batch(), 0
        for key, value in records:
            needed = RECORD_BYTES + len(key or b"") + len(value or b"")
            size += needed
            if size > OUTPUT_BATCH_BYTES and builder.record_count():
                handed.append((builder.record_count(), await self._hand_over(builder, topic, partition)))
                builder, size = self._producer.create_batch(), needed
            builder.append(key=key, value=value, timestamp=None)
        if builder.record_count():
            handed.append((builder.record_count(), await self._hand_over(builder, topic, partition)))
        return _offsets(handed)

    async def send_atomically(self, topic: str, partition: int, records: Iterable[Record]) -> None:
        """Write records in one batch, which the broker appends whole or not at all."""
        builder = self._producer.create_batch()
        for key, value in records:
            if builder.append(key=key, value=value, timestamp=None) is None:
                raise OverflowError(
                    f"{topic}/{partition}: a batch's state is over {CHANGELOG_BATCH_BYTES} bytes"
                )
        await (await self._hand_over(builder, topic, partition))

    async def _hand_over(self, builder: Any, topic: str, partition: int) -> asyncio.Future[Any]:
        builder.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(builder, topic, partition=partition)
        return future


async def _offsets(handed: Iterable[tuple[int, asyncio.Future[Any]]]) -> list[int]:
    found: list[int] = []
    for count, written in handed:
        first = (await written).offset
        found += range(first, first + count)
    return found


def _preceded(send: Callable[..., Awaitable[Any]], check: Callable[[], None]) -> Callable[..., Awaitable[Any]]:
    async def checked(*arguments: Any, **options: Any) -> Any:
        check()
        return await send(*arguments, **options)

    return checked
