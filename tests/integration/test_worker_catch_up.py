"""What Faust did not deliver is read from the log, and what could not be applied is not forgotten."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.broker import Broker
from processors.partition import Outputs
from signalbox.topics import ROUTING_DECISION
from streams.topics import ensure_topics
from streams.worker import catch_up
from streams.worker.host import PartitionHost
from tests.integration.trainer_support import producer_on
from tests.integration.worker_support import settings_on, until

pytestmark = pytest.mark.integration


class HostStub:
    """A host with one partition that takes in what it is given, unless it is suspended."""

    def __init__(self, suspended: bool) -> None:
        self.suspended = suspended
        self.partitions = {0: None}
        self.applied: list[bytes] = []
        self.offered = 0
        self.empty_before = 0

    def cursor(self, topic: str, number: int) -> int:
        return max(len(self.applied), self.empty_before) if topic == ROUTING_DECISION else 0

    def nothing_before(self, topic: str, number: int, offset: int) -> None:
        if topic == ROUTING_DECISION:
            self.empty_before = offset

    async def apply(self, topic: str, number: int, batch: list[Any]) -> Outputs:
        self.offered += len(batch)
        if not self.suspended:
            self.applied += [record.value for record in batch[len(self.applied) - batch[0].offset :]]
        return Outputs()


async def test_records_offered_to_a_suspended_host_are_offered_again(
    kafka: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "LOOK_EVERY_S", 0.05)
    settings = settings_on(kafka.connection, tmp_path)
    await ensure_topics(kafka.connection, settings)
    async with producer_on(kafka.connection) as producer:
        for value in (b"a", b"b", b"c"):
            await producer.send_and_wait(settings.topic(ROUTING_DECISION), value, partition=0)
    host, reader = HostStub(suspended=True), catch_up.CatchUp(kafka.connection, settings)
    await reader.start()
    watching = asyncio.create_task(reader.watch(cast(PartitionHost, host)))
    try:
        await until(lambda: host.offered >= 6, "two offers")
        assert host.empty_before == 0
        host.suspended = False
        await until(lambda: host.empty_before == 3, "the end")
        assert host.applied == [b"a", b"b", b"c"]
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await reader.stop()
