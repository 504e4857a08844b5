"""What the worker writes, in Kafka record batches that it fills itself.

Handing records over one by one costs 8 microseconds each, filling a batch costs 1. And a record batch is
appended whole or not at all, which is what keeps state and cursor together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from signalbox.connection import Connection
from streams.topics import CHANGELOG_BATCH_BYTES

Record = tuple[bytes | None, bytes | None]
OUTPUT_BATCH_BYTES = 900_000
"""Below the 1 MB that a topic accepts by default."""


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
        """Write records in order, in as few batches as fit; their offsets."""
        sent = []
        builder = self._producer.create_batch()
        for key, value in records:
            if builder.record_count() and builder.size() + len(value or b"") > OUTPUT_BATCH_BYTES:
                sent.append((builder.record_count(), await self._hand_over(builder, topic, partition)))
                builder = self._producer.create_batch()
            builder.append(key=key, value=value, timestamp=None)
        if builder.record_count():
            sent.append((builder.record_count(), await self._hand_over(builder, topic, partition)))
        offsets: list[int] = []
        for count, future in sent:
            metadata = await future
            offsets += range(metadata.offset, metadata.offset + count)
        return offsets

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


def _preceded(send: Callable[..., Awaitable[Any]], check: Callable[[], None]) -> Callable[..., Awaitable[Any]]:
    async def checked(*arguments: Any, **options: Any) -> Any:
        check()
        return await send(*arguments, **options)

    return checked
