"""What a worker handed to its producer before it was frozen does not leave after it wakes up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.broker import Broker
from signalbox.errors import Stop
from signalbox.topics import JOURNAL
from streams.topics import ensure_topics
from streams.worker.output import Output
from tests.integration.worker_support import read_records, settings_on

pytestmark = pytest.mark.integration


async def test_no_request_leaves_once_the_process_may_have_a_successor(kafka: Broker, tmp_path: Path) -> None:
    settings = settings_on(kafka.connection, tmp_path)
    await ensure_topics(kafka.connection, settings)
    refused = asyncio.Event()
    woke_up = False

    def check() -> None:
        if woke_up:
            refused.set()
            raise Stop("this process stood still")

    output = Output(kafka.connection, check)
    await output.start()
    await output.send(settings.topic(JOURNAL), 0, [(None, b"before")])
    woke_up = True
    sending = asyncio.create_task(output.send_atomically(settings.topic(JOURNAL), 0, [(None, b"after")]))
    try:
        async with asyncio.timeout(20):
            await refused.wait()
        records = await read_records(kafka.connection, settings, JOURNAL)
        assert [record.value for record in records] == [b"before"]
    finally:
        sending.cancel()
        await asyncio.gather(sending, output.stop(), return_exceptions=True)  # the producer has broken down
