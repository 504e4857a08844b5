"""What tests against real servers begin with: topics of their own on Kafka, or a Phoenix of the session."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.broker import Broker
from signalbox.connection import Connection
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.phoenix_support import phoenix_server
from tests.integration.trainer_support import settings_for


@pytest.fixture
async def settings(kafka: Broker, tmp_path: Path) -> Settings:
    settings = settings_for(kafka.connection, tmp_path, f"t{uuid4().hex[:8]}-")
    await ensure_topics(kafka.connection, settings)
    return settings


@pytest.fixture
def connection(kafka: Broker) -> Connection:
    return kafka.connection


@pytest.fixture(scope="session")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running Phoenix server; tests keep apart by their tenants."""
    with phoenix_server(tmp_path_factory.mktemp("phoenix")) as url:
        yield url
