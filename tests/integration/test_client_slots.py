"""A trial begins and ends in the router as the trainer says, and its agents come and go with their cards."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.broker import Broker
from benchmarks.random_policy import random_policy
from signalbox import AgentCard, CardFeed, PolicySlots, Publisher, Router
from signalbox.policy import digest_of
from signalbox.topics import AGENT_CARD, card_key
from tests.integration.client_support import Trainer, until

pytestmark = pytest.mark.integration

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHAMPION, CANDIDATE, NEXT = (random_policy(("a", "b", "c"), seed=seed, rows=5000) for seed in range(3))


@pytest.fixture
async def trainer(kafka: Broker, request: pytest.FixtureRequest) -> AsyncIterator[Trainer]:
    subject = Trainer(kafka.connection, f"{request.node.name[:60]}-")
    await subject.start()
    yield subject
    await subject.producer.stop()


def slots(trainer: Trainer, folder: Path | None = None) -> PolicySlots:
    return PolicySlots(trainer.connection, "acme", topic_prefix=trainer.prefix, cache_folder=folder)


def digests(subject: PolicySlots) -> tuple[str | None, str | None]:
    """Of champion and canary."""
    now = subject.in_force
    return now.champion.digest if now.champion else None, now.canary.digest if now.canary else None


def card(agent: str, **fields: object) -> AgentCard:
    return AgentCard(tenant_id="acme", occurred_at=NOON, agent=agent, **fields)


async def test_a_trial_runs_from_its_update_to_its_tombstone_across_restarts(
    trainer: Trainer, tmp_path: Path
) -> None:
    champion, candidate, later = map(digest_of, (CHAMPION, CANDIDATE, NEXT))
    async with slots(trainer, tmp_path) as subject:
        router = Router(Publisher(trainer.connection), subject, "acme", seed=1)
        await trainer.publish(CHAMPION, 1)
        await trainer.publish(CANDIDATE, 1, slot="canary", reason="trial", share=0.5)
        await until(lambda: digests(subject) == (champion, candidate))
        decisions = [router.decide(f"query {i}", candidates=["a", "b", "c"]) for i in range(50)]
        assert {decision.trial_digest for decision in decisions} == {None, candidate}
        assert {decision.policy_digest for decision in decisions} == {champion}
    async with slots(trainer, tmp_path) as subject:
        assert digests(subject) == (champion, None)
        await until(lambda: digests(subject) == (champion, candidate))
        await trainer.end("canary")
        await until(lambda: digests(subject) == (champion, None))
        await trainer.publish(NEXT, 1, slot="canary", reason="canary", share=0.25)
        await until(lambda: digests(subject) == (champion, later))
        await trainer.end("canary")
        await trainer.end("champion")
        await until(lambda: digests(subject) == (None, None))
        assert (subject.canary.ended, subject.champion.ended) == (2, 1)
        assert (subject.canary.refused, subject.champion.refused) == ({}, {})
    await trainer.publish(NEXT, 2)
    async with slots(trainer, tmp_path) as subject:
        assert digests(subject) == (None, None)
        await until(lambda: digests(subject) == (later, None))
        assert subject.canary.adopted == 0


async def test_agents_come_change_their_names_and_leave_by_their_cards(trainer: Trainer) -> None:
    rename = card("b2", description="finds pictures", aliases=("b",))
    async with Publisher(trainer.connection, trainer.prefix) as publisher, slots(trainer) as subject:
        router = Router(Publisher(trainer.connection), subject, "acme", seed=1)
        for known in (card("a"), card("b", name="first"), card("b", name="second"), rename):
            publisher.publish_card(known)
        publisher.publish_card(AgentCard(tenant_id="rival", occurred_at=NOON, agent="theirs"))
        publisher.remove_card("acme", "b")
        await until(lambda: subject.in_force.cards.gone == {"b"})
        assert dict(subject.in_force.cards.by_agent) == {"a": card("a"), "b2": rename}
        assert router.decide("q", candidates=["a", "b", "c"]).probabilities == (0.5, 0.0, 0.5)
        await trainer.publish(CHAMPION, 1)
        await until(lambda: subject.in_force.champion is not None)
        assert router.decide("q", candidates=["a", "b", "c"]).probabilities[1] == 0.0
        publisher.publish_card(card("b"))
        await until(lambda: not subject.in_force.cards.gone)
        assert router.decide("q", candidates=["a", "b", "c"]).probabilities[1] > 0.0
        assert subject.cards.refused == {}


async def test_a_bad_card_is_refused_and_a_late_reader_knows_all_others(trainer: Trainer) -> None:
    async with Publisher(trainer.connection, trainer.prefix) as publisher:
        for i in range(200):
            publisher.publish_card(card(f"agent-{i}", description=f"does {i}"))
        publisher.remove_card("acme", "agent-7")
    await trainer.producer.begin_transaction()
    await trainer.producer.send_and_wait(trainer.prefix + AGENT_CARD, b"{", key=card_key("acme", "agent-8"))
    await trainer.producer.commit_transaction()
    async with CardFeed(trainer.connection, "acme", trainer.prefix) as feed:
        assert await asyncio.to_thread(feed.wait_ready, 30)
        assert (len(feed.current.by_agent), feed.current.gone) == (199, {"agent-7"})
        assert (feed.current.by_agent["agent-8"].description, feed.refused) == ("does 8", {"not_json": 1})
