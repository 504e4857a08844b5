"""What most tests against the session's Kafka begin with: topics of their own on it."""

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.broker import Broker
from signalbox.connection import Connection
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.integration.trainer_support import settings_for


@pytest.fixture
async def settings(kafka: Broker, tmp_path: Path) -> Settings:
    settings = settings_for(kafka.connection, tmp_path, f"t{uuid4().hex[:8]}-")
    await ensure_topics(kafka.connection, settings)
    return settings


@pytest.fixture
def connection(kafka: Broker) -> Connection:
    return kafka.connection
