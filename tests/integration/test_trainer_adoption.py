"""What trainers and rollbacks publish is what the router's subscriber swaps in."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.broker import Broker
from signalbox import PolicySubscriber
from signalbox.policy import DecisionFeatures
from streams.topics import ensure_topics
from streams.trainer.rollback import roll_back
from tests.integration.trainer_support import (
    AGENTS,
    producer_on,
    send_triggers,
    settings_for,
    trainer_on,
    trigger,
    wait_for_results,
)

pytestmark = pytest.mark.integration


async def test_the_router_follows_promotions_and_rollbacks(kafka: Broker, tmp_path: Path) -> None:
    connection = kafka.connection
    settings = settings_for(connection, tmp_path, f"a{uuid4().hex[:8]}-")
    await ensure_topics(connection, settings)
    subscriber = PolicySubscriber(connection, "acme", topic_prefix=settings.topic_prefix)
    subscriber.open()

    async def adopted(version: int) -> str:
        async with asyncio.timeout(20):
            while subscriber.current is None or subscriber.current.version < version:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert subscriber.current.version == version
        return subscriber.current.digest

    try:
        async with producer_on(connection) as producer, trainer_on(connection, settings):
            large = {"rows": 120_000}
            await send_triggers(producer, settings, [trigger(1, configuration=large)])
            (first,) = await wait_for_results(connection, settings, 1)
            assert await adopted(1) == first.digest
            await send_triggers(producer, settings, [trigger(2, champion_digest=first.digest)])
            assert await adopted(2) != first.digest
            await roll_back(connection, settings, "acme", "routing")
            assert await adopted(3) == first.digest
        assert subscriber.current is not None
        query = DecisionFeatures("which agent?")
        assert subscriber.current.policy.probabilities(query, AGENTS).sum() == pytest.approx(1.0)
        assert not subscriber.refused
    finally:
        await asyncio.to_thread(subscriber.close)
