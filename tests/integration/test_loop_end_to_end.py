"""Decisions and outcomes go in with the client package, a policy comes out, and the router decides with it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from adapters.broker import Broker
from signalbox import PolicySubscriber, Publisher, Router
from signalbox.events import Experience, RoutingDecision, TrainingResult
from streams.topics import ensure_topics
from tests.integration.traffic_support import AGENTS
from tests.integration.worker_support import (
    Service,
    read_events,
    services,
    settings_on,
    unanswered,
    verify,
    worked_off,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

VIDEO, DOCUMENT = AGENTS
MOST_DECISIONS = 20_000


def ask(router: Router, chance: random.Random) -> tuple[RoutingDecision, bool]:
    """Let the router decide on a query, and tell it what came of that; whether it chose the right agent."""
    right = chance.choice(AGENTS)
    things = ("clip", "scene", "film") if right == VIDEO else ("paper", "chapter", "report")
    query = f"find the {chance.choice(things)} about {chance.choice(('cats', 'dogs', 'rain', 'snow'))}"
    decision = router.decide(query, candidates=AGENTS)
    is_right = decision.chosen_agent == right
    quality = chance.uniform(0.7, 1.0) if is_right else chance.uniform(0.0, 0.4)
    router.record_outcome(decision.decision_id, search_quality=quality, agent_success=is_right)
    return decision, is_right


async def test_a_policy_comes_out_and_the_router_prefers_the_right_agent(kafka: Broker, tmp_path: Path) -> None:
    connection, chance = kafka.connection, random.Random(11)
    settings = settings_on(connection, tmp_path, cool_down_s=1)
    await ensure_topics(connection, settings)
    prefix = settings.topic_prefix
    following = PolicySubscriber(connection, "acme", topic_prefix=prefix)
    with Publisher(connection, prefix) as publisher, following as policy:
        router = Router(publisher, policy, "acme", epsilon=0.2, seed=1)
        async with services(Service(settings), Service(settings, "trainer")) as running:
            for service in running:
                await service.ready()
            before = [ask(router, chance)[1] for _ in range(300)]
            for _ in range(MOST_DECISIONS // 20):
                if policy.current is not None:
                    break
                before += [ask(router, chance)[1] for _ in range(20)]
                await asyncio.sleep(0.1)
            active = policy.current
            assert active is not None, await read_events(connection, settings, TrainingResult)
            after = [ask(router, chance) for _ in range(400)]
            await asyncio.to_thread(publisher.close, 20.0)
            await worked_off(connection, settings, answers=True)
            for service in running:
                assert await service.stop() == 0
    assert sum(before) < 0.65 * len(before)
    assert sum(is_right for _, is_right in after) > 0.85 * len(after)
    assert after[0][0].policy_digest == active.digest
    assert {decision.slot for decision, _ in after} == {"champion"}
    results = await read_events(connection, settings, TrainingResult)
    promoted = {result.digest for result in results if result.verdict == "promoted"}
    assert {decision.policy_digest for decision, _ in after} <= promoted
    assert not policy.refused
    experiences = await read_events(connection, settings, Experience)
    assert len(experiences) == len(before) + len(after)
    assert all(each.propensity is not None for each in experiences)
    assert await unanswered(connection, settings) == set()
    await verify(connection, settings)
