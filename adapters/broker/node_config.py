"""The configuration of a single local Kafka node (KRaft: broker and controller in one process)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from adapters.broker.ports import HOST
from signalbox.connection import Connection

# One replica of everything, small internal topics, no waiting for members that can't be there.
_FIXED = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.enable": "true",
    "log.cleaner.dedupe.buffer.size": str(16 * 2**20),  # of the 1 GB heap; Kafka's default is 128 MB
}


@dataclass(frozen=True)
class SecureListener:
    """A second door to the node, with TLS and a password (SASL PLAIN); everything is PEM.

    The certificate must be valid for 127.0.0.1; the key is PKCS#8 without a password.
    """

    certificate_file: Path
    key_file: Path
    ca_file: Path
    username: str
    password: str = field(repr=False)

    def connection(self, port: int) -> Connection:
        """How a client comes in through this door."""
        return Connection(
            bootstrap_servers=f"{HOST}:{port}",
            security_protocol="SASL_SSL",
            ssl_ca_file=str(self.ca_file),
            sasl_mechanism="PLAIN",
            sasl_username=self.username,
            sasl_password=self.password,
        )

    def settings(self) -> dict[str, str]:
        """What the node has to know of it."""
        prefix = "listener.name.secure."
        password = self.password.replace("\\", "\\\\").replace('"', '\\"')
        return {
            prefix + "ssl.keystore.type": "PEM",
            prefix + "ssl.keystore.certificate.chain": self.certificate_file.read_text(),
            prefix + "ssl.keystore.key": self.key_file.read_text(),
            prefix + "sasl.enabled.mechanisms": "PLAIN",
            prefix + "plain.sasl.jaas.config": (
                "org.apache.kafka.common.security.plain.PlainLoginModule required "
                f'user_{self.username}="{password}";'
            ),
        }


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one run of the node."""

    broker: int
    controller: int
    secure: int


def node_settings(
    data: str,
    ports: Ports,
    *,
    listen: str = HOST,
    advertise: str = HOST,
    secure: SecureListener | None = None,
) -> dict[str, str]:
    """The node's settings: it listens at one host name, and clients reach it at another (in a container)."""
    doors = {"PLAINTEXT": ports.broker} | ({"SECURE": ports.secure} if secure else {})
    listeners = [f"{name}://{listen}:{port}" for name, port in doors.items()]
    return {
        **_FIXED,
        "log.dirs": data,
        "listeners": ",".join([*listeners, f"CONTROLLER://{HOST}:{ports.controller}"]),
        "advertised.listeners": ",".join(f"{name}://{advertise}:{port}" for name, port in doors.items()),
        "controller.quorum.voters": f"1@{HOST}:{ports.controller}",
        **(secure.settings() if secure else {}),
    }


def as_properties(settings: dict[str, str]) -> str:
    """The settings as the text of `server.properties`."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in settings.items())


def as_environment(settings: dict[str, str]) -> dict[str, str]:
    """The settings as the environment variables that Apache's image turns into `server.properties`."""
    return {"KAFKA_" + name.upper().replace(".", "_"): value for name, value in settings.items()}


def _escaped(value: str) -> str:
    """A value as Java's properties format wants it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
