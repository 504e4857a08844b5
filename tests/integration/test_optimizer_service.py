"""The specification's optimizer beside the service on Kafka: it publishes, and serves policies and programs."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from adapters.broker import Broker
from adapters.language_model import LanguageModelConfiguration, connect
from signalbox import PolicySlots, ProgramSlot, Publisher, RoutingRecommender
from signalbox.events import Experience, RoutingDecision, TrainingResult
from signalbox.policy import digest_of
from streams.optimizers import AdvancedOptimizerConfig, AdvancedRoutingOptimizer
from streams.topics import ensure_topics
from tests.integration.client_support import Trainer, until
from tests.integration.worker_support import Service, read_events, services, settings_on, worked_off
from tests.signalbox.programs import program_bytes
from tests.streams.optimizers.worlds import AGENTS, KINDS, TOPICS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

MOST_ROUNDS = 300
# The first training is to see the baseline at work: a policy that explores little leaves a log that proves
# little.
FIELDS = {"exploration_epsilon": 0.5, "force_optimizer": "bootstrap", "min_experiences_for_training": 400}
QUICK = {"cool_down_s": 2, "program_interval_s": 1, "program_held_out": 200, "held_out_share": 0.5}


async def ask(subject: AdvancedRoutingOptimizer, chance: random.Random) -> str:
    """One decision and what came of it; who made it."""
    kind = chance.randrange(len(KINDS))
    found = await subject.optimize_routing_decision(
        KINDS[kind].format(chance.choice(TOPICS)),
        [],
        [],
        None,
        {"recommended_agent": chance.choice(AGENTS), "confidence": 0.75},
    )
    is_right = found["recommended_agent"] == AGENTS[kind]
    await subject.record_routing_experience(
        "",
        [],
        [],
        None,
        found["recommended_agent"],
        found["confidence"],
        0.9 if is_right else 0.2,
        is_right,
        metadata={"decision_id": found["decision_id"]},
    )
    return found["source"]


async def test_what_the_service_learns_from_it_is_served_by_it(kafka: Broker, tmp_path: Path) -> None:
    connection, chance = kafka.connection, random.Random(5)
    config = AdvancedOptimizerConfig(**FIELDS)
    settings = settings_on(connection, tmp_path, trials=False, **FIELDS, **QUICK)
    await ensure_topics(connection, settings)
    prefix = settings.topic_prefix
    policies = PolicySlots(connection, "acme", topic_prefix=prefix)
    programs = ProgramSlot(connection, "acme", topic_prefix=prefix)
    async with (
        Publisher(connection, prefix) as publisher,
        policies,
        programs,
        services(Service(settings), Service(settings, "trainer")) as running,
    ):
        for service in running:
            await service.ready()
        optimizer = AdvancedRoutingOptimizer(
            config,
            tenant_id="acme",
            publisher=publisher,
            source=policies,
            programs=programs,
            prefer="program",
            seed=1,
        )
        sources = []
        for _ in range(MOST_ROUNDS):
            sources += [await ask(optimizer, chance) for _ in range(10)]
            if "program" in sources and policies.in_force.champion is not None:
                break
            await asyncio.sleep(0.2)
        results = await read_events(connection, settings, TrainingResult)
        assert "program" in sources, [(r.scope, r.verdict, r.message) for r in results if r.scope != "routing"]
        status = optimizer.get_optimization_status()
        said = [
            (await optimizer.get_routing_recommendations(k.format("chess")))["recommended_agent"] for k in KINDS
        ]
        await asyncio.to_thread(publisher.close, 20.0)
        await worked_off(connection, settings, answers=True)
        optimizer.close()
        for service in running:
            assert await service.stop() == 0
    assert said == list(AGENTS)
    assert status["optimizer_ready"]
    assert status["total_experiences"] == len(sources)
    experiences = await read_events(connection, settings, Experience)
    assert len({each.decision_id for each in experiences}) == len(sources)
    made = [each.decision for each in experiences if each.decision.slot == "program"]
    promoted = [r for r in await read_events(connection, settings, TrainingResult) if r.verdict == "promoted"]
    assert {each.policy_digest for each in made} <= {r.digest for r in promoted if r.scope == "program:routing"}
    for each in made:
        shares = dict(zip(each.candidate_agents, each.probabilities, strict=True))
        assert each.propensity == shares[each.chosen_agent]
        assert max(shares.values()) > 0.6


async def test_a_program_is_followed_and_answers_with_the_offline_model(
    kafka: Broker, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    trainer = Trainer(kafka.connection, f"{request.node.name[:60]}-")
    await trainer.start()
    first, second = program_bytes(epsilon=0.1), program_bytes(epsilon=0.2)
    model = connect(LanguageModelConfiguration(budget_calls=None)).lm
    published: list[RoutingDecision] = []

    class Sink(Publisher):
        def publish_decision(self, decision: RoutingDecision) -> bool:
            published.append(decision)
            return True

    def slot() -> ProgramSlot:
        return ProgramSlot(kafka.connection, "acme", topic_prefix=trainer.prefix, cache_folder=tmp_path)

    async with slot() as programs:
        await trainer.publish(first, 1, scope="program:routing")
        await until(lambda: programs.current is not None)
        await trainer.publish(second, 2, scope="program:routing")
        await until(lambda: programs.current is not None and programs.current.version == 2)
        await trainer.publish(b"{}", 3, scope="program:routing")
        await until(lambda: bool(programs.refused))
        subject = RoutingRecommender(
            Sink(kafka.connection), None, "acme", programs=programs, language_model=model, seed=1
        )
        found = await subject.optimize_routing_decision("find a video", candidates=AGENTS)
        subject.close()
    assert (found["source"], found["failure"]) == ("program", None)
    assert (published[0].slot, published[0].policy_digest) == ("program", digest_of(second))
    # Without Kafka, the last good one is there at once.
    again = slot().current
    assert again is not None
    assert again.digest == digest_of(second)
    await trainer.producer.stop()
