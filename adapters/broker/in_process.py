"""librdkafka's own cluster, inside this process: needs neither Java nor Docker, and is for trying out only.

It speaks enough of the protocol for groups, commits and idempotent producers, keeps a few megabytes per
partition in memory, and forgets everything at the end. It can't create topics on request (they appear with 4
partitions when somebody first asks for them), and knows no compaction and no lookup by time. Transactions are
accepted and mean nothing (measured): what was aborted is read, offsets sent with them are lost, and nobody
is fenced.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from adapters.broker.base import Broker
from adapters.broker.probe import ask_version
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, ConfigurationError, Retry

READY_LIMIT_S = 10.0
_PRODUCER, _OK = 0, 0
_TEXT_SIZE = 512


def missing() -> str | None:
    """What this environment lacks for an in-process cluster, or None when it can have one."""
    return None if find_spec("confluent_kafka") else "the confluent-kafka package"


class InProcessKafka(Broker):
    """A cluster in memory on a loopback port; other processes can use it while this one lives.

    confluent-kafka starts such a cluster, too (`test.mock.num.brokers`), but gives no way to say how many
    partitions a topic has; the C functions of the library that it brings along do.
    """

    kind = "in-process"
    declares_topics = False

    def __init__(self) -> None:
        self._library: Any = None
        self._client: ctypes.c_void_p | None = None
        self._topics: dict[str, int] = {}

    def start(self) -> None:
        """Start the cluster. Raises `BrokerUnavailable` where confluent-kafka is not installed."""
        if self._client:
            return
        lacking = missing()
        if lacking:
            raise BrokerUnavailable(f"an in-process cluster needs {lacking}")
        self._library = _librdkafka()
        self._client = _new_client(self._library)
        address = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._connection = Connection(address)
        try:
            ask_version(self._connection, READY_LIMIT_S)
        except Retry as error:
            self.stop()
            raise BrokerUnavailable(f"the in-process cluster did not come up: {error}") from error
        self.version = "librdkafka " + self._library.rd_kafka_version_str().decode()

    def stop(self) -> None:
        """End the cluster and everything in it."""
        if self._client:
            self._library.rd_kafka_destroy(self._client)
        self._client = self._connection = None
        self._topics.clear()

    def ensure_topics(self, names: Iterable[str], partitions: int) -> None:
        """Make the topics exist, each with this many partitions; again is fine.

        Raises `BrokerUnavailable` for a topic that exists with another number of partitions, as it does when
        a client asked for it first.
        """
        for name in names:
            if self._topics.get(name) == partitions:
                continue
            status = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
            if status != _OK:
                reason = self._library.rd_kafka_err2str(status).decode()
                raise BrokerUnavailable(f"topic {name!r} can't be given {partitions} partitions: {reason}")
            self._topics[name] = partitions

    @property
    def _cluster(self) -> ctypes.c_void_p:
        """The cluster that belongs to the client; it lives and ends with it."""
        if self._client is None:
            raise ConfigurationError("the in-process broker has not been started")
        return ctypes.c_void_p(self._library.rd_kafka_handle_mock_cluster(self._client))


def _librdkafka() -> ctypes.CDLL:
    """The C library inside the confluent-kafka wheel, with the types of the functions used here."""
    import confluent_kafka

    package = Path(confluent_kafka.__file__).parent
    folders = (package.parent / "confluent_kafka.libs", package / ".dylibs")  # Linux, macOS
    found = [file for folder in folders for file in folder.glob("librdkafka*")]
    if not found:
        raise BrokerUnavailable("an in-process cluster needs confluent-kafka from a wheel, with its librdkafka")
    library = ctypes.CDLL(str(found[0]))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_handle_mock_cluster"):
        getattr(library, name).restype = ctypes.c_void_p
    for name in ("rd_kafka_mock_cluster_bootstraps", "rd_kafka_version_str", "rd_kafka_err2str"):
        getattr(library, name).restype = ctypes.c_char_p
    return library


def _new_client(library: ctypes.CDLL) -> ctypes.c_void_p:
    """A producer that nobody produces with: it carries the cluster."""
    problem = ctypes.create_string_buffer(_TEXT_SIZE)
    settings = ctypes.c_void_p(library.rd_kafka_conf_new())
    for name, value in ((b"test.mock.num.brokers", b"1"), (b"log_level", b"4")):
        if library.rd_kafka_conf_set(settings, name, value, problem, _TEXT_SIZE) != _OK:
            raise BrokerUnavailable(f"librdkafka refuses {name.decode()}: {problem.value.decode()}")
    client = library.rd_kafka_new(_PRODUCER, settings, problem, _TEXT_SIZE)
    if not client:
        raise BrokerUnavailable(f"librdkafka can't start an in-process cluster: {problem.value.decode()}")
    return ctypes.c_void_p(client)
