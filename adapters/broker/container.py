"""Apache Kafka in a container, where Docker runs; testcontainers removes it even if we are killed."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from typing import Any

from adapters.broker.base import Broker
from adapters.broker.jars import kafka_version
from adapters.broker.node_config import Ports, as_environment, node_settings
from adapters.broker.ports import free_ports
from adapters.broker.probe import wait_for_version
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, Retry

READY_LIMIT_S = 120.0
DOCKER_ANSWER_LIMIT_S = 5


def missing() -> str | None:
    """What this machine lacks for a Kafka container, or None when it can have one."""
    if not find_spec("testcontainers"):
        return "the testcontainers package"
    return None if docker_runs() else "a running Docker"


def docker_runs() -> bool:
    """Whether a Docker daemon answers, within a few seconds."""
    import docker

    with (
        contextlib.suppress(docker.errors.DockerException),
        contextlib.closing(docker.from_env(timeout=DOCKER_ANSWER_LIMIT_S)) as client,
    ):
        return bool(client.ping())
    return False


class ContainerKafka(Broker):
    """A single KRaft node from Apache's own image; its data go with the container."""

    kind = "container"

    def __init__(self) -> None:
        self._container: Any = None

    def start(self) -> None:
        """Start the container, pulling its image first if need be, and wait until the node answers."""
        if self._container:
            return
        lacking = missing()
        if lacking:
            raise BrokerUnavailable(f"a Kafka container needs {lacking}")
        import docker
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(f"apache/kafka:{kafka_version()}")
        host, ports = container.get_docker_client().host(), Ports(*free_ports(3))
        # The same port inside and outside: the node reaches itself at the address that it advertises.
        settings = node_settings("/tmp/kafka-data", ports, listen="0.0.0.0", advertise=host)  # noqa: S104, S108
        container.with_envs(**as_environment(settings)).with_bind_ports(ports.broker, ports.broker)
        self._container = container
        self._connection = Connection(f"{host}:{ports.broker}")
        try:
            container.start()
            wait_for_version(self._connection, READY_LIMIT_S)
        except (Retry, docker.errors.DockerException) as error:
            self.stop()
            raise BrokerUnavailable(f"the Kafka container did not become ready: {error}") from error
        except BaseException:
            self.stop()
            raise
        self.version = kafka_version()

    def stop(self) -> None:
        """Stop and remove the container."""
        if self._container:
            self._container.stop()
        self._container = self._connection = None
