import socket
from pathlib import Path

import pytest

from adapters.broker.node_config import (
    Ports,
    SecureListener,
    as_environment,
    as_properties,
    node_settings,
)
from adapters.broker.ports import HOST, free_ports

PORTS = Ports(broker=1001, controller=1002, secure=1003)


def test_a_node_in_a_container_listens_everywhere_and_is_reached_at_its_host() -> None:
    settings = node_settings("/data", PORTS, listen="0.0.0.0", advertise="docker.example")
    assert settings["listeners"] == "PLAINTEXT://0.0.0.0:1001,CONTROLLER://127.0.0.1:1002"
    assert settings["advertised.listeners"] == "PLAINTEXT://docker.example:1001"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:1002"


def test_the_image_gets_the_same_settings_back_from_its_environment() -> None:
    settings = node_settings("/data", PORTS)
    environment = as_environment(settings)
    # What Apache's image does: cut the prefix, lower case, `_` is `.`.
    again = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in environment.items()
    }
    assert again == settings


@pytest.fixture
def secure(tmp_path: Path) -> SecureListener:
    for name in ("node.pem", "node.key"):
        (tmp_path / name).write_text(f"{name}\nsecond line\n")
    return SecureListener(
        certificate_file=tmp_path / "node.pem",
        key_file=tmp_path / "node.key",
        ca_file=tmp_path / "ca.pem",
        username="router",
        password='pass"word\\',
    )


def test_a_secure_listener_is_a_second_door(secure: SecureListener) -> None:
    settings = node_settings("/data", PORTS, secure=secure)
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1001,SECURE://127.0.0.1:1003"
    assert secure.connection(1003).bootstrap_servers == "127.0.0.1:1003"
    assert "pass" not in repr(secure)
    assert "SECURE" not in node_settings("/data", PORTS)["listeners"]


def test_values_survive_the_properties_format(secure: SecureListener) -> None:
    lines = as_properties(node_settings("/data", PORTS, secure=secure)).splitlines()
    assert "listener.name.secure.ssl.keystore.key=node.key\\nsecond line\\n" in lines
    # Escaped twice: for the login module's own format, and for the properties file.
    assert any(line.endswith('user_router="pass\\\\"word\\\\\\\\";') for line in lines)


def test_free_ports_differ_and_nobody_listens_there() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    with socket.socket() as taken:
        taken.bind((HOST, ports[0]))
