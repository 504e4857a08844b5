"""The router of docs/quickstart.md, as it stands there, on a real broker."""

import asyncio
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer

from adapters.broker import Broker
from signalbox import events, topics
from signalbox.events import AgentCard, RoutingDecision, RoutingOutcome
from streams.settings import load_settings
from streams.topics import ensure_topics

pytestmark = pytest.mark.integration


def quickstart(bootstrap_servers: str, prefix: str, folder: Path) -> str:
    """The page's code with this test's broker, topics and folder."""
    code, cards = re.findall(r"```python\n(.*?)```", Path("docs/quickstart.md").read_text(), re.DOTALL)
    code += cards
    here = {
        "localhost:9092": bootstrap_servers,
        "/var/lib/my-router": str(folder),
        "Publisher(connection": f"Publisher(connection, topic_prefix={prefix!r}",
        'connection, "acme"': f'connection, "acme", topic_prefix={prefix!r}',
    }
    for there, replacement in here.items():
        assert there in code
        code = code.replace(there, replacement)
    return code


async def read(kafka: Broker, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **kafka.connection.client_options())
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_the_router_of_the_quickstart_publishes_a_decision_and_two_parts_of_its_outcome(
    kafka: Broker, tmp_path: Path
) -> None:
    prefix = f"quickstart-{os.getpid()}."
    await ensure_topics(kafka.connection, load_settings(topic_prefix=prefix, partitions=2))
    code = quickstart(kafka.connection.bootstrap_servers, prefix, tmp_path)
    asked: list[str] = []

    def call_agent(agent: str, query: str) -> SimpleNamespace:
        asked.append(agent)
        return SimpleNamespace(ok=True, seconds=0.4)

    await asyncio.to_thread(exec, code, {"call_agent": call_agent})

    (written,) = await read(kafka, prefix + topics.ROUTING_DECISION, 1)
    decision = events.decode(RoutingDecision, written)
    assert [decision.chosen_agent] == asked
    assert decision.probabilities == pytest.approx((0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3))
    assert decision.slot == "baseline"
    cards = await read(kafka, prefix + topics.AGENT_CARD, 2)
    assert sorted(events.decode(AgentCard, card).agent if card else "" for card in cards) == [
        "",
        "audio_search",
    ]
    outcomes = [
        events.decode(RoutingOutcome, part) for part in await read(kafka, prefix + topics.ROUTING_OUTCOME, 2)
    ]
    assert {outcome.decision_id for outcome in outcomes} == {decision.decision_id}
    assert [(outcome.agent_success, outcome.user_satisfaction) for outcome in outcomes] == [
        (True, None),
        (None, 0.9),
    ]
