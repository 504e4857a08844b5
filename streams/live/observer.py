"""Reads the service's output topics, as far as they concern the tenants of this run."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from signalbox import topics
from signalbox.connection import Connection
from signalbox.events import DeadLetter, OptimizationTrigger, PolicyUpdate, TrainingResult, decode
from streams.live.loop_state import LoopState

POLL_MS = 100


class _ExperienceId(msgspec.Struct):
    tenant_id: str
    decision_id: str


class Observer:
    """Follows the output topics from where they end now and tells `state` what it reads."""

    def __init__(
        self, connection: Connection, state: LoopState, tenants: Collection[str], topic_prefix: str = ""
    ) -> None:
        self._state = state
        self._tenants = frozenset(tenants)
        self._readers = {
            topic_prefix + topics.ROUTING_EXPERIENCE: self._experience,
            topic_prefix + topics.OPTIMIZATION_TRIGGER: self._trigger,
            topic_prefix + topics.TRAINING_RESULT: self._result,
            topic_prefix + topics.POLICY_UPDATED: self._policy,
            topic_prefix + topics.DEAD_LETTER: self._dead_letter,
        }
        self._experience_id = msgspec.json.Decoder(_ExperienceId)
        self._consumer = AIOKafkaConsumer(
            *self._readers,
            **connection.client_options(),
            auto_offset_reset="latest",
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to follow."""
        await self._consumer.start()
        await self._consumer.seek_to_end()
        for partition in self._consumer.assignment():
            await self._consumer.position(partition)  # seek_to_end is lazy; this settles it
        self._task = asyncio.create_task(self._follow())

    def check(self) -> None:
        """Raise what ended the following, if something did."""
        if self._task and self._task.done() and not self._task.cancelled():
            self._task.result()

    async def stop(self) -> None:
        """Stop following."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._consumer.stop()

    async def _follow(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=POLL_MS)
            for partition, records in batches.items():
                read = self._readers[partition.topic]
                for record in records:
                    if record.value is not None:
                        read(record, record.timestamp / 1000)

    def _experience(self, record: Any, at: float) -> None:
        self._state.experience(self._experience_id.decode(record.value).decision_id)

    def _trigger(self, record: Any, at: float) -> None:
        event = decode(OptimizationTrigger, record.value)
        if event.tenant_id in self._tenants:
            self._state.trigger(event, at)

    def _result(self, record: Any, at: float) -> None:
        event = decode(TrainingResult, record.value)
        if event.tenant_id in self._tenants:
            self._state.result(event, at)

    def _policy(self, record: Any, at: float) -> None:
        event = decode(PolicyUpdate, record.value)
        if event.tenant_id in self._tenants and event.slot == "champion":  # answers tell of trials
            self._state.policy(event, at)

    def _dead_letter(self, record: Any, at: float) -> None:
        self._state.dead_letter(decode(DeadLetter, record.value).reason)
