from pathlib import Path
from typing import Any

import pytest

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError

SASL: dict[str, Any] = {"sasl_mechanism": "PLAIN", "sasl_username": "router", "sasl_password": "hunter2"}


@pytest.mark.parametrize("address", ["kafka:9092", "10.0.0.1:9092", "[::1]:9092", "a:1, b.example:65535"])
def test_addresses_are_passed_through(address: str) -> None:
    assert Connection(address).client_options() == {
        "bootstrap_servers": address,
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize(
    "address", ["", "kafka", "kafka:", ":9092", "kafka:0", "kafka:65536", "a:1,,b:2", "a b:1"]
)
def test_a_bad_address_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match="bootstrap_servers must be host:port"):
        Connection(address)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"security_protocol": "TLS"}, "security_protocol must be one of PLAINTEXT, .*, not 'TLS'"),
        ({"ssl_ca_file": "ca.pem"}, "ssl_ca_file needs security_protocol SSL or SASL_SSL, not PLAINTEXT"),
        ({"security_protocol": "SSL", "ssl_key_file": "key.pem"}, "ssl_key_file needs ssl_cert_file"),
        (SASL, "sasl_mechanism needs security_protocol SASL_SSL or SASL_PLAINTEXT"),
        ({"security_protocol": "SASL_SSL"}, "security_protocol SASL_SSL needs sasl_mechanism"),
        ({"security_protocol": "SASL_SSL", **SASL, "sasl_password": None}, "needs sasl_password"),
        (
            {"security_protocol": "SASL_SSL", **SASL, "sasl_mechanism": "GSSAPI"},
            "sasl_mechanism must be one of PLAIN, .*, not 'GSSAPI'",
        ),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Connection("kafka:9092", **settings)


def test_sasl_and_tls_become_client_options() -> None:
    options = Connection("kafka:9092", security_protocol="SASL_SSL", **SASL).client_options()
    assert options.pop("ssl_context").check_hostname
    assert options == {
        "bootstrap_servers": "kafka:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "router",
        "sasl_plain_password": "hunter2",
    }


def test_the_password_is_never_shown() -> None:
    assert "hunter2" not in repr(Connection("kafka:9092", security_protocol="SASL_SSL", **SASL))


@pytest.mark.parametrize("field", ["ssl_ca_file", "ssl_cert_file"])
def test_a_file_that_cannot_be_used_is_named(field: str, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    for path in (absent, str(garbage)):
        connection = Connection("kafka:9092", security_protocol="SSL", **{field: path})
        with pytest.raises(ConfigurationError, match=f"{field} '{path}'.* can't be used: "):
            connection.client_options()
