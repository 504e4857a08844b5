"""Trials and broken promises on a real Kafka: nothing of them is lost by a restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from processors.buffer import BufferPolicy, ReplayBuffer
from processors.identity import decision_hash
from processors.window import Row, stratum_of
from signalbox.connection import Connection
from signalbox.events import AgentCard, Experience, OffsetRange, TrainingResult, encode, epoch_s
from signalbox.policy import Policy
from signalbox.topics import AGENT_CARD, POLICY_ARTIFACT
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.job import run_job
from streams.trainer.reading import read_cards
from streams.trainer.verify import verify_answer
from tests.integration.trainer_support import (
    producer_on,
    read_topic,
    send_experiences,
    send_triggers,
    slot_of,
    trainer_on,
    trigger,
    updates_of,
    wait_for_results,
)
from tests.models.logs import AGENTS, START, log
from tests.processors.training.trials import drawn, other_way_round, tried

pytestmark = pytest.mark.integration

WINDOW = int(epoch_s(START))
CONFIGURATION = {"features": {"bits": 12}, "held_out_share": 0.5}


class Site:
    """What a test asks of a trainer, and what the trainer has answered."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.connection, self.settings = connection, settings
        self._log: list[Experience] = []
        self._where: Any = None
        self._asked = 0

    async def ask(self, experiences: Sequence[Experience], **changes: Any) -> TrainingResult:
        """The answer to a trigger on all experiences so far and on these."""
        self._asked += 1
        self._log += experiences
        async with producer_on(self.connection) as producer:
            if experiences:
                sent = await send_experiences(producer, self.settings, experiences)
                self._where = structs.replace(sent, start=0)
            given = {
                "ranges": (self._where,),
                "configuration": CONFIGURATION,
                "windows": (WINDOW,),
                "buffer_digest": self._buffer_digest(),
            }
            asked = trigger(self._asked, **given | changes)
            await send_triggers(producer, self.settings, [asked])
        results = await wait_for_results(self.connection, self.settings, self._asked)
        return next(result for result in results if result.trigger_id == asked.trigger_id)

    async def policy(self, digest: str | None) -> Policy:
        from adapters.artifact_store import ArtifactStore

        assert digest is not None
        store = ArtifactStore(self.settings.artifact_url)
        return Policy.load(await load_artifact(self.connection, self.settings, store, "acme", digest))

    async def artifacts(self) -> dict[str, bool]:
        """Whether each artifact that ever was on Kafka still is."""
        records = await read_topic(self.connection, self.settings, POLICY_ARTIFACT)
        return {record.key.decode().partition("/")[0]: record.value is not None for record in records}

    def _buffer_digest(self) -> str:
        buffer = ReplayBuffer(BufferPolicy(3600, 1, 1000))
        for item in self._log:
            occurred_s = epoch_s(item.occurred_at)
            if buffer.policy.window_of(occurred_s) == WINDOW:
                stratum = stratum_of(item.decision.chosen_agent, item.decision.modality, item.reward)
                row = Row(decision_hash("acme", item.decision_id), item.reward, item.revision, stratum)
                buffer.add(occurred_s, row)
        return buffer.digest()


@pytest.fixture
def site(connection: Connection, settings: Settings) -> Site:
    return Site(connection, settings)


def after(result: TrainingResult, seconds: float = 1.0) -> datetime:
    return result.occurred_at + timedelta(seconds=seconds)


async def test_a_trial_is_begun_judged_and_promoted_across_a_restart(site: Site) -> None:
    connection, settings = site.connection, site.settings
    async with trainer_on(connection, settings, run_job):
        begun = await site.ask(log(60))
        assert (begun.verdict, begun.reason, begun.version) == ("on_trial", "promising", None)
        (update,) = await slot_of(connection, settings, "canary")
        assert update is not None
        assert (update.digest, update.version, update.reason, update.share) == (begun.digest, 1, "trial", 0.5)
        other = await site.ask([])  # of a worker that doesn't know of the trial yet
        assert (other.verdict, other.reason, other.digest) == ("on_trial", "undecided", begun.digest)

    candidate = await site.policy(begun.digest)
    live = list(tried(160, None, candidate, str(begun.digest), after(begun)))
    on_trial = {"reasons": ("trial",), "trial_digest": begun.digest}
    async with trainer_on(connection, settings, run_job):
        look = await site.ask(live[:10], occurred_at=after(begun, 10), **on_trial)
        assert (look.verdict, look.reason) == ("on_trial", "undecided")
        assert look.trial is not None and (look.trial.decisions, look.trial.disagreements) == (10, 10)
        end = await site.ask(live[10:], occurred_at=after(begun, 160), **on_trial)
        assert (end.verdict, end.version, end.digest) == ("promoted", 1, begun.digest), end.message
        late = await site.ask([], **on_trial | {"champion_digest": end.digest})
        assert (late.verdict, late.trial is not None) == ("rejected", True)

    assert [each and each.version for each in await slot_of(connection, settings, "canary")] == [1, None]
    (champion,) = await updates_of(connection, settings)
    assert (champion.digest, champion.reason) == (begun.digest, "promoted")
    assert await site.artifacts() == {begun.digest: True}
    for answered in (begun, look, end):
        found = await verify_answer(connection, settings, "acme", "routing", answered.trigger_id)
        assert found.is_same, found.again.result.message


async def test_a_trial_that_cannot_be_judged_ends_and_leaves_nothing_behind(site: Site) -> None:
    async with trainer_on(site.connection, site.settings, run_job):
        begun = await site.ask(log(60))
        gone = OffsetRange(topic="routing-experience", partition=1, start=0, end=10**6)
        end = await site.ask([], reasons=("trial",), trial_digest=begun.digest, ranges=(gone,))
    assert (end.verdict, end.reason, end.digest) == ("rejected", "invalid", begun.digest)
    assert end.trial is not None and "can't be judged: ranges: " in end.message
    slot = await slot_of(site.connection, site.settings, "canary")
    assert [each and each.version for each in slot] == [1, None]
    assert await site.artifacts() == {begun.digest: False}
    again = await site.policy(begun.digest)  # the archive has it
    assert again.manifest.lineage.trigger_id == begun.trigger_id


async def test_agent_cards_are_read_archived_and_found_again(site: Site) -> None:
    connection, settings = site.connection, site.settings
    cards = [AgentCard(tenant_id="acme", occurred_at=START, agent=agent, name=agent) for agent in AGENTS]
    foreign = structs.replace(cards[0], tenant_id="globex")
    records = [(f"{card.tenant_id}/{card.agent}", encode(card)) for card in (*cards, foreign)]
    left = (f"acme/{AGENTS[3]}", None)
    await send_cards(connection, settings, [*records, left, ("acme/odd", b"{")])
    assert await read_cards(connection, settings, "acme") == tuple(encode(card) for card in cards[:3])
    async with trainer_on(connection, settings, run_job):
        first = await site.ask(log(600))
    assert first.verdict == "promoted"
    policy = await site.policy(first.digest)
    assert policy.manifest.cards_digest is not None
    await send_cards(connection, settings, [(f"acme/{AGENTS[3]}", encode(cards[3]))])
    found = await verify_answer(connection, settings, "acme", "routing", first.trigger_id)
    assert found.is_same, found.again.result.message


async def send_cards(
    connection: Connection, settings: Settings, records: Sequence[tuple[str, bytes | None]]
) -> None:
    async with producer_on(connection) as producer:
        for key, value in records:
            await producer.send_and_wait(settings.topic(AGENT_CARD), value, key.encode())


async def test_a_champion_that_breaks_its_promise_gives_way_to_the_one_before(site: Site) -> None:
    async with trainer_on(site.connection, site.settings, run_job):
        first = await site.ask(log(600))
        second = await site.ask(log(900, seed=8, reward=other_way_round), champion_digest=first.digest)
        assert (first.verdict, second.verdict) == ("promoted", "promoted"), second.message
        policy, rng = await site.policy(second.digest), np.random.default_rng(5)
        live = [
            drawn(
                item,
                np.full(len(AGENTS), 0.25),
                rng,
                lambda kind, agent, rng: float(rng.random() < 0.1),
                at=after(second, number),
                slot="champion",
                policy_digest=second.digest,
            )
            for number, item in enumerate(log(300, seed=31))
        ]
        assert policy.manifest.estimates["candidate"] == second.candidate
        back = await site.ask(live, champion_digest=second.digest, reasons=("below_promise",))
    assert (back.verdict, back.reason) == ("rolled_back", "below_promise"), back.message
    assert (back.digest, back.version) == (first.digest, 3)
    last = (await updates_of(site.connection, site.settings))[-1]
    assert (last.digest, last.version, last.reason) == (first.digest, 3, "rollback")
    found = await verify_answer(site.connection, site.settings, "acme", "routing", back.trigger_id)
    assert found.is_same, found.again.result.message
