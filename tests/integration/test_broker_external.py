"""An external cluster is reached with TLS and a password, and nothing less."""

import datetime
import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.broker import choose_broker
from adapters.broker.external import ExternalKafka
from adapters.broker.local_node import LocalKafka, missing
from adapters.broker.node_config import SecureListener
from adapters.broker.ports import free_ports
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable

pytestmark = pytest.mark.integration

Key = ec.EllipticCurvePrivateKey


def certificate(name: str, key: Key, issuer: str, issuer_key: Key, *, authority: bool) -> bytes:
    """A certificate for 127.0.0.1, or for an authority, in PEM."""
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def secure_listener(folder: Path) -> SecureListener:
    """A listener with a certificate from an authority that is made for this test."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = certificate("authority", authority_key, "authority", authority_key, authority=True)
    server = certificate("node", server_key, "authority", authority_key, authority=False)
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = {"ca.pem": authority, "node.pem": server, "node.key": key}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return SecureListener(
        certificate_file=folder / "node.pem",
        key_file=folder / "node.key",
        ca_file=folder / "ca.pem",
        username="router",
        password='a "quoted" \\ pass phrase',
    )


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    if need := missing():
        pytest.skip(f"a local node needs {need}")
    with LocalKafka(secure=secure_listener(tmp_path_factory.mktemp("certificates"))) as node:
        assert node.secure_connection is not None
        yield node.secure_connection


async def test_tls_and_password_are_passed_through_to_every_client(secure: Connection) -> None:
    with choose_broker("auto", secure) as broker:
        assert broker.kind == "external"
        assert broker.version == "4 or newer"
        options = broker.connection.client_options()
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    await admin.create_topics([NewTopic("secret", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(**options, enable_idempotence=True) as producer:
        await producer.send_and_wait("secret", b"through TLS")
    async with AIOKafkaConsumer(**options, group_id=None) as consumer:
        consumer.assign([TopicPartition("secret", 0)])
        await consumer.seek_to_beginning()
        assert (await consumer.getone()).value == b"through TLS"


def refusal(connection: Connection, limit_s: float = 5) -> str:
    broker = ExternalKafka(connection, answer_limit_s=limit_s)
    with pytest.raises(BrokerUnavailable) as caught:
        broker.start()
    assert "\n" not in str(caught.value)
    assert connection.bootstrap_servers in str(caught.value)
    return str(caught.value)


def test_a_wrong_password_is_refused(secure: Connection) -> None:
    said = refusal(replace(secure, sasl_password="wrong"))
    assert "Authentication failed" in said
    assert "wrong" not in said


def test_an_unknown_authority_is_refused(secure: Connection) -> None:
    assert "certificate verify failed" in refusal(replace(secure, ssl_ca_file=None))


def test_no_tls_where_tls_is_needed_is_refused(secure: Connection) -> None:
    refusal(Connection(secure.bootstrap_servers), limit_s=2)


def test_nobody_there_is_said_in_one_line() -> None:
    assert "onnect" in refusal(Connection(f"127.0.0.1:{free_ports(1)[0]}"))
