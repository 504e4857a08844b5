"""The in-process cluster needs no program at all, and says what it can't do."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.broker.in_process import InProcessKafka
from adapters.broker.probe import ask_version
from signalbox.errors import BrokerUnavailable, ConfigurationError, Retry

pytestmark = pytest.mark.integration

ROUND_TRIP = """
import asyncio, os
from pathlib import Path
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from adapters.broker import choose_broker

assert os.environ["PATH"] == ""

async def round_trip(connection):
    async with AIOKafkaProducer(**connection.client_options()) as producer:
        partitions = await producer.partitions_for("routing-decision")
        await producer.send_and_wait("routing-decision", b"hello", partition=15)
    consumer = AIOKafkaConsumer(
        "routing-decision", **connection.client_options(), group_id="g", auto_offset_reset="earliest"
    )
    async with consumer:
        return len(partitions), (await consumer.getone()).value.decode()

with choose_broker("auto", cache=Path("/nonexistent")) as broker:
    broker.ensure_topics(["routing-decision", "routing-outcome"], 16)
    print(broker.kind, *asyncio.run(round_trip(broker.connection)))
"""


def test_it_is_what_remains_with_an_empty_path() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP],
        env={"PATH": "", "PYTHONPATH": str(Path.cwd()), "DOCKER_HOST": "unix:///nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["in-process", "16", "hello"], done.stderr


def test_topics_get_their_partitions_once() -> None:
    with InProcessKafka() as broker:
        broker.ensure_topics(["a", "b"], 5)
        broker.ensure_topics(["b", "c"], 5)
        with pytest.raises(BrokerUnavailable, match=r"topic 'a' can't be given 6 partitions: .*already exists"):
            broker.ensure_topics(["a"], 6)


def test_nothing_remains_after_stop() -> None:
    broker = InProcessKafka()
    broker.start()
    connection = broker.connection
    assert ask_version(connection, timeout_s=5) == "before 4"
    broker.stop()
    with pytest.raises(Retry, match="does not answer"):
        ask_version(connection, timeout_s=5)
    with pytest.raises(ConfigurationError, match="has not been started"):
        broker.ensure_topics(["a"], 1)
    with pytest.raises(ConfigurationError, match="has not been started"):
        _ = broker.connection
