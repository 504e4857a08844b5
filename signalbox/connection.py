"""How to reach a Kafka cluster: addresses, TLS and SASL, checked once and handed to every client."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import Any

from signalbox.errors import ConfigurationError

SECURITY_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,\[\]]+):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Connection:
    """The settings of one Kafka cluster, the same for producers, consumers and admin clients.

    `bootstrap_servers` is `host:port`, several separated by commas. `ssl_ca_file` replaces the system's
    certificate authorities; `ssl_cert_file` and `ssl_key_file` (PEM) are the client's own. Raises
    `ConfigurationError`, which names the field, for settings that can't work together.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    ssl_ca_file: str | None = None
    ssl_cert_file: str | None = None
    ssl_key_file: str | None = None
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._check_addresses()
        if self.security_protocol not in SECURITY_PROTOCOLS:
            known = ", ".join(SECURITY_PROTOCOLS)
            raise ConfigurationError(
                f"security_protocol must be one of {known}, not {self.security_protocol!r}"
            )
        self._check_tls()
        self._check_sasl()

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def uses_sasl(self) -> bool:
        """Whether the client signs in with a user and a password."""
        return self.security_protocol.startswith("SASL_")

    def client_options(self) -> dict[str, Any]:
        """The keyword arguments for any aiokafka client; a new `ssl_context` at every call.

        Raises `ConfigurationError` when a certificate or key file can't be read.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.uses_tls:
            options["ssl_context"] = self._ssl_context()
        if self.uses_sasl:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        return options

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ssl_ca_file)
        except OSError as error:
            raise ConfigurationError(f"ssl_ca_file {self.ssl_ca_file!r} can't be used: {error}") from error
        if self.ssl_cert_file:
            try:
                context.load_cert_chain(self.ssl_cert_file, self.ssl_key_file)
            except OSError as error:
                raise ConfigurationError(
                    f"ssl_cert_file {self.ssl_cert_file!r} with ssl_key_file {self.ssl_key_file!r} "
                    f"can't be used: {error}"
                ) from error
        return context

    def _check_addresses(self) -> None:
        for address in self.bootstrap_servers.split(","):
            match = _ADDRESS.fullmatch(address.strip())
            if not match or not 0 < int(match[2]) < 65536:
                raise ConfigurationError(
                    f"bootstrap_servers must be host:port, host:port, …, not {address.strip()!r}"
                )

    def _check_tls(self) -> None:
        for name in ("ssl_ca_file", "ssl_cert_file", "ssl_key_file"):
            if getattr(self, name) and not self.uses_tls:
                raise ConfigurationError(
                    f"{name} needs security_protocol SSL or SASL_SSL, not {self.security_protocol}"
                )
        if self.ssl_key_file and not self.ssl_cert_file:
            raise ConfigurationError("ssl_key_file needs ssl_cert_file, the certificate that it belongs to")

    def _check_sasl(self) -> None:
        for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
            given = bool(getattr(self, name))
            if given and not self.uses_sasl:
                raise ConfigurationError(
                    f"{name} needs security_protocol SASL_SSL or SASL_PLAINTEXT, not {self.security_protocol}"
                )
            if self.uses_sasl and not given:
                raise ConfigurationError(f"security_protocol {self.security_protocol} needs {name}")
        if self.uses_sasl and self.sasl_mechanism not in SASL_MECHANISMS:
            raise ConfigurationError(
                f"sasl_mechanism must be one of {', '.join(SASL_MECHANISMS)}, not {self.sasl_mechanism!r}"
            )
