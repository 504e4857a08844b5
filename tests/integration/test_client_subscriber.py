"""A policy that is published comes into force in the router, and nothing else does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.broker import Broker
from benchmarks.random_policy import random_policy
from signalbox import Connection, PolicyFeed, PolicySubscriber, Publisher, Router
from signalbox.policy import digest_of, split
from signalbox.topics import policy_key
from tests.integration.client_support import Trainer, until

pytestmark = pytest.mark.integration

POLICIES = [random_policy(("a", "b", "c"), seed=seed, rows=50) for seed in range(5)]


@pytest.fixture
async def trainer(kafka: Broker, request: pytest.FixtureRequest) -> AsyncIterator[Trainer]:
    subject = Trainer(kafka.connection, f"{request.node.name[:60]}-")
    await subject.start()
    yield subject
    await subject.producer.stop()


def subscriber(trainer: Trainer, folder: Path | None = None) -> PolicySubscriber:
    return PolicySubscriber(trainer.connection, "acme", topic_prefix=trainer.prefix, cache_folder=folder)


def version(subject: PolicySubscriber) -> int | None:
    return subject.current.version if subject.current else None


async def test_each_published_policy_is_swapped_in_and_decides(trainer: Trainer) -> None:
    async with subscriber(trainer) as subject:
        router = Router(Publisher(trainer.connection), subject, "acme", seed=1)
        assert router.decide("q", candidates=["a", "b"]).slot == "baseline"
        for number, data in enumerate(POLICIES, start=1):
            await trainer.publish(data, number)
            await until(lambda number=number: version(subject) == number)
            decision = router.decide("q", candidates=["a", "b"])
            assert (decision.slot, decision.policy_version) == ("champion", number)
            assert decision.policy_digest == digest_of(data)
        assert (subject.adopted, subject.refused) == (5, {})
        assert 1 <= len(subject.publish_to_adopt_s) <= 5
        assert max(subject.publish_to_adopt_s) < 30


async def test_of_a_history_only_the_newest_is_adopted(trainer: Trainer) -> None:
    for number, data in enumerate(POLICIES, start=1):
        await trainer.publish(data, number)
    async with subscriber(trainer) as subject:
        assert await asyncio.to_thread(subject.wait_ready, 30)
        assert (version(subject), subject.adopted, subject.refused) == (5, 1, {})
        assert subject.publish_to_adopt_s == ()


async def test_a_large_policy_comes_in_chunks(trainer: Trainer) -> None:
    data = random_policy(200, rows=8000)
    assert len(split(data)) > 5
    async with subscriber(trainer) as subject:
        await trainer.publish(data, 1)
        assert await asyncio.to_thread(subject.wait_ready, 30)
        assert subject.current is not None
        assert subject.current.digest == digest_of(data)


async def test_a_tampered_chunk_is_refused_and_the_old_policy_stays(trainer: Trainer) -> None:
    tampered = bytes([POLICIES[1][0] ^ 1]) + POLICIES[1][1:]
    async with subscriber(trainer) as subject:
        await trainer.publish(POLICIES[0], 1)
        await until(lambda: version(subject) == 1)
        before = subject.current
        await trainer.publish(POLICIES[1], 2, chunks=[tampered])
        await until(lambda: subject.refused == {"tampered": 1})
        assert subject.current is before
        await trainer.publish(POLICIES[2], 3)
        await until(lambda: version(subject) == 3)
    assert (subject.adopted, subject.refused) == (2, {"tampered": 1})


async def test_a_foreign_policy_under_this_tenant_s_key_is_refused(trainer: Trainer) -> None:
    mine = policy_key("acme", "routing", "champion")
    rival = random_policy(("a",), tenant_id="rival", rows=10)
    async with subscriber(trainer) as subject:
        await trainer.publish(rival, 1, tenant_id="rival", as_key=mine)
        await trainer.publish(rival, 2)  # addressed to us, but made for the other
        await until(lambda: subject.refused == {"foreign": 2})
        assert subject.current is None
        await trainer.publish(POLICIES[0], 3)
        await until(lambda: version(subject) == 3)


async def test_an_aborted_publication_is_never_seen(trainer: Trainer) -> None:
    async with subscriber(trainer) as subject:
        await trainer.publish(POLICIES[0], 7, commit=False)
        await trainer.publish(POLICIES[1], 1)
        await until(lambda: version(subject) == 1)
    assert (subject.adopted, subject.refused) == (1, {})


async def test_a_rollback_finds_bytes_that_were_published_long_ago(trainer: Trainer) -> None:
    async with subscriber(trainer) as subject:
        for number, data in ((1, POLICIES[0]), (2, POLICIES[1])):
            await trainer.publish(data, number)
            await until(lambda number=number: version(subject) == number)
        await trainer.publish(POLICIES[0], 3, chunks=[])
        await until(lambda: version(subject) == 3)
        assert subject.current is not None
        assert subject.current.digest == digest_of(POLICIES[0])


async def test_an_old_version_is_refused(trainer: Trainer) -> None:
    async with subscriber(trainer) as subject:
        await trainer.publish(POLICIES[0], 5)
        await until(lambda: version(subject) == 5)
        await trainer.publish(POLICIES[1], 4)
        await until(lambda: subject.refused == {"old_version": 1})
    assert version(subject) == 5


async def test_a_restart_without_the_broker_serves_the_last_good_policy(
    trainer: Trainer, tmp_path: Path
) -> None:
    async with subscriber(trainer, tmp_path) as subject:
        await trainer.publish(POLICIES[0], 1)
        assert await asyncio.to_thread(subject.wait_ready, 30)
    away = Connection("127.0.0.1:1")
    async with PolicySubscriber(away, "acme", cache_folder=tmp_path) as again:
        router = Router(Publisher(away), again, "acme", seed=1)
        decision = router.decide("q", candidates=["a", "b", "c"])
        assert (decision.slot, decision.policy_digest) == ("champion", digest_of(POLICIES[0]))
        assert again.adopted == 0
    async with subscriber(trainer, tmp_path) as back:
        await trainer.publish(POLICIES[1], 2)
        await until(lambda: version(back) == 2)
        assert (back.adopted, back.refused) == (1, {})


async def test_several_tenants_share_one_feed_and_another_may_join_later(trainer: Trainer) -> None:
    feed = PolicyFeed(trainer.connection, trainer.prefix)
    acme, rival = PolicySubscriber(feed, "acme"), PolicySubscriber(feed, "rival")
    feed.open()
    await trainer.publish(POLICIES[0], 1)
    await trainer.publish(random_policy(("x",), tenant_id="rival", rows=10), 1, tenant_id="rival")
    await until(lambda: version(acme) == 1 and version(rival) == 1)
    await trainer.publish(random_policy(("y",), tenant_id="late", rows=10), 4, tenant_id="late")
    late = PolicySubscriber(feed, "late")
    await until(lambda: version(late) == 4)
    await trainer.publish(POLICIES[1], 2)
    await until(lambda: version(acme) == 2)
    await asyncio.to_thread(feed.close)
    assert [subject.refused for subject in (acme, rival, late)] == [{}, {}, {}]
    assert (acme.adopted, rival.adopted, late.adopted) == (2, 1, 1)
    agents = [subject.current.policy.manifest.agents for subject in (rival, late) if subject.current]
    assert agents == [("x",), ("y",)]


async def test_topics_that_come_later_than_the_router_are_waited_for(kafka: Broker) -> None:
    trainer = Trainer(kafka.connection, "policy-early-")
    async with subscriber(trainer) as subject:
        await asyncio.sleep(0.2)
        await trainer.start()
        await trainer.publish(POLICIES[0], 1)
        await until(lambda: version(subject) == 1)
        await trainer.producer.stop()
