"""The local node is a guest: it keeps what it was asked to keep, and leaves nothing else behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.broker import guard, local_node
from adapters.broker.jars import DEFAULT_CACHE, jars_folder, kafka_version
from adapters.broker.local_node import LocalKafka, missing
from adapters.broker.ports import HOST, free_ports
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(missing() is not None, reason=f"a local node needs {missing()}"),
]

OWNER = """
import sys, time
from pathlib import Path
from adapters.broker.local_node import LocalKafka
broker = LocalKafka(Path(sys.argv[1]) if sys.argv[1:] else None)
broker.start()
print(broker.pid, broker._folder, flush=True)
time.sleep(600)
"""


def processes_naming(folder: str | Path) -> list[str]:
    """The processes of this machine whose command line names the folder, without zombies."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "stat=,pid=,args="], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if str(folder) in line and not line.startswith("Z")]


def until(condition: Callable[[], bool], limit_s: float = 20) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


async def write_one(connection: Connection, topic: str) -> None:
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(**connection.client_options()) as producer:
        await producer.send_and_wait(topic, b"kept")


async def read_one(connection: Connection, topic: str) -> bytes | None:
    async with AIOKafkaConsumer(**connection.client_options(), group_id=None) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return (await asyncio.wait_for(consumer.getone(), 20)).value


def test_a_named_folder_keeps_its_data_and_a_second_node_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalKafka(tmp_path / "kafka") as first:
        assert first.durable
        assert first.version == kafka_version() == "4.1.0"
        assert not jars_folder(DEFAULT_CACHE).is_relative_to(Path.cwd())
        asyncio.run(write_one(first.connection, "kept"))
        monkeypatch.setattr(guard, "GRACE_S", 0.2)
        with pytest.raises(BrokerUnavailable, match="is in use by another node"):
            LocalKafka(tmp_path / "kafka").start()
        monkeypatch.undo()
    assert not processes_naming(tmp_path)
    with LocalKafka(tmp_path / "kafka") as second:
        assert asyncio.run(read_one(second.connection, "kept")) == b"kept"


def test_stop_leaves_no_process_and_no_folder() -> None:
    broker = LocalKafka()
    broker.start()
    folder = broker._folder
    assert folder is not None
    assert folder.is_dir()
    assert len(processes_naming(folder)) == 2  # the guard and the node
    broker.stop()
    assert not folder.exists()
    assert not processes_naming(folder)
    assert broker.pid is None


@contextmanager
def owner(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """Another process that has started a node: the process, the guard's id and the node's folder."""
    command = [sys.executable, "-c", OWNER, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        try:
            pid, _, folder = process.stdout.readline().strip().partition(" ")
            yield process, int(pid), Path(folder)
        finally:
            process.kill()


def test_the_node_goes_when_its_owner_is_killed() -> None:
    with owner() as (process, _, folder):
        assert len(processes_naming(folder)) == 2
        process.kill()
        assert until(lambda: not processes_naming(folder) and not folder.exists())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind the node's life to its guard's")
def test_the_node_goes_when_its_guard_is_killed(tmp_path: Path) -> None:
    with owner(str(tmp_path)) as (_, guard_pid, folder):
        assert any("kafka.Kafka" in line for line in processes_naming(folder))
        os.kill(guard_pid, signal.SIGKILL)
        assert until(lambda: not processes_naming(folder / "server.properties"))


def test_a_node_that_cannot_run_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=7\n")
    with pytest.raises(BrokerUnavailable, match=r"ended at its start: .*Stored node id 7") as caught:
        LocalKafka(tmp_path).start()
    assert "\n" not in str(caught.value)
    assert not processes_naming(tmp_path)


def test_a_port_that_was_taken_meanwhile_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        offers = iter([[taken.getsockname()[1], *free_ports(2)], free_ports(3)])
        monkeypatch.setattr(local_node, "free_ports", lambda count: next(offers))
        with LocalKafka() as broker:
            assert not broker.connection.bootstrap_servers.endswith(f":{taken.getsockname()[1]}")
