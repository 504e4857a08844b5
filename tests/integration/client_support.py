"""What publishes policies to a router's client in tests, and how they wait for it."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from signalbox import Connection
from signalbox.events import PolicyUpdate, encode
from signalbox.events.policy_update import UpdateReason
from signalbox.in_force import LearnedSlot
from signalbox.policy import digest_of, split
from signalbox.topics import AGENT_CARD, POLICY_ARTIFACT, POLICY_UPDATED, chunk_key, policy_key


async def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.02)


class Trainer:
    """Publishes policies as the trainer does: chunks and update in one transaction."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self.connection, self.prefix = connection, prefix
        self.producer = AIOKafkaProducer(**connection.client_options(), transactional_id=prefix + "trainer")

    async def start(self) -> None:
        admin = AIOKafkaAdminClient(**self.connection.client_options())
        await admin.start()
        await admin.create_topics(
            [NewTopic(self.prefix + name, 4, 1) for name in (POLICY_UPDATED, POLICY_ARTIFACT, AGENT_CARD)]
        )
        await admin.close()
        await self.producer.start()

    async def publish(
        self,
        data: bytes,
        version: int,
        *,
        tenant_id: str = "acme",
        scope: str = "routing",
        slot: LearnedSlot = "champion",
        reason: UpdateReason = "promoted",
        share: float | None = None,
        as_key: bytes | None = None,
        chunks: list[bytes] | None = None,
        commit: bool = True,
    ) -> None:
        digest = digest_of(data)
        update = PolicyUpdate(
            tenant_id=tenant_id,
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            scope=scope,
            slot=slot,
            version=version,
            digest=digest,
            size_bytes=len(data),
            chunks=len(split(data)),
            reason=reason,
            share=share,
            manifest={},
        )
        await self.producer.begin_transaction()
        for place, chunk in enumerate(split(data) if chunks is None else chunks):
            await self.producer.send_and_wait(
                self.prefix + POLICY_ARTIFACT, chunk, key=chunk_key(digest, place)
            )
        key = as_key or policy_key(tenant_id, scope, slot)
        await self.producer.send_and_wait(self.prefix + POLICY_UPDATED, encode(update), key=key)
        await (self.producer.commit_transaction() if commit else self.producer.abort_transaction())

    async def end(self, slot: LearnedSlot, tenant_id: str = "acme") -> None:
        """Empty a slot."""
        await self.producer.begin_transaction()
        key = policy_key(tenant_id, "routing", slot)
        await self.producer.send_and_wait(self.prefix + POLICY_UPDATED, None, key=key)
        await self.producer.commit_transaction()
