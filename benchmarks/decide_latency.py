"""How long `Router.decide` takes, its event encoded and handed to a publisher that serves a real broker."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

import numpy as np
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from adapters.broker import Broker, choose_broker
from benchmarks.measure import Measure, Options
from benchmarks.random_policy import random_policy
from signalbox.errors import SlowDown
from signalbox.events import Entity, RoutingDecision
from signalbox.in_force import ActivePolicy
from signalbox.policy import Policy, digest_of
from signalbox.publisher import Publisher
from signalbox.router import Router
from signalbox.topics import ROUTING_DECISION

ID = "decide-latency"
AGENTS = (10, 100)
ROWS = 10_000
"""Features that training touched: what some thousand different queries leave behind."""
_PARTITIONS = 8
_VOCABULARY = 5_000
_WORDS_A_QUERY = 10
_WARM_UP = 500

Decide = Callable[[str, tuple[Entity, ...]], object]


class _InForce:
    """A subscriber whose policy never changes."""

    def __init__(self, data: bytes) -> None:
        self.current = ActivePolicy(Policy.load(data), digest_of(data), 1, "champion")


def run(options: Options) -> Iterator[Measure]:
    """p50 and p99 in microseconds and the policy's memory, for each number of agents; of the kind `value`.

    The peer makes a uniform choice and publishes the same event in the same way: what cannot be saved.
    Decisions follow each other without a pause, which is harder than any router's traffic: the thread that
    sends competes for the interpreter all the time. A run with dropped events doesn't count.
    """
    decisions = 2_000 if options.quick else 20_000
    with choose_broker() as broker:
        broker.ensure_topics([ROUTING_DECISION], _PARTITIONS)
        if broker.declares_topics:
            asyncio.run(_create_topic(broker))
        for agents in AGENTS:
            yield from _measure(broker, agents, decisions, options.seeds)


def _measure(broker: Broker, agents: int, decisions: int, seeds: int) -> Iterator[Measure]:
    names = [f"agent-{i}" for i in range(agents)]
    taken_us: dict[str, list[float]] = {"decide": [], "uniform_choice": []}
    cpu_us: list[float] = []
    for seed in range(seeds):
        in_force = _InForce(random_policy(agents, seed=seed, rows=ROWS, kind="value"))
        queries = _queries(decisions + _WARM_UP, seed)
        with Publisher(broker.connection, buffer_limit=100_000) as publisher:
            router = Router(publisher, in_force, "acme", seed=seed)
            uniform = _uniform_choice(publisher, names, seed)

            def decide(query: str, entities: tuple[Entity, ...], router: Router = router) -> object:
                return router.decide(query, entities, names)

            for name, function in (("decide", decide), ("uniform_choice", uniform)):
                taken_us[name] += _time(function, queries, time.perf_counter_ns)
            cpu_us += _time(decide, queries, time.thread_time_ns)
        if publisher.dropped:
            raise SlowDown(f"{publisher.dropped} events were dropped, so the times say nothing")
    for quantile in (50, 99):
        ours, peer = (float(np.percentile(taken, quantile)) for taken in taken_us.values())
        yield Measure(
            id=ID,
            measure=f"p{quantile}_us",
            unit="us",
            value=ours,
            better="lower",
            peers={"uniform_choice": peer},
            seeds=seeds,
            detail={
                "agents": agents,
                "decisions": decisions * seeds,
                # What a machine that does nothing else would show; the difference is other processes' time.
                "cpu_us": round(float(np.percentile(cpu_us, quantile)), 1),
                "load_1min": round(os.getloadavg()[0], 1),
                "broker": f"{broker.kind} {broker.version}",
            },
        )
    yield Measure(
        id=ID,
        measure="policy_bytes",
        unit="bytes",
        value=in_force.current.policy.size_bytes,
        better="lower",
        seeds=seeds,
        detail={"agents": agents, "features": ROWS},
    )


def _time(
    decide: Decide, queries: list[tuple[str, tuple[Entity, ...]]], clock_ns: Callable[[], int]
) -> list[float]:
    """Microseconds of each call by `clock_ns`, those of the warm-up left out."""
    taken_ns: list[int] = []
    for query, entities in queries:
        began = clock_ns()
        decide(query, entities)
        taken_ns.append(clock_ns() - began)
    return [taken / 1000 for taken in taken_ns[_WARM_UP:]]


def _uniform_choice(publisher: Publisher, names: list[str], seed: int) -> Decide:
    generator = Random(seed)
    candidates = tuple(names)
    probabilities = (1 / len(names),) * len(names)

    def decide(query: str, entities: tuple[Entity, ...]) -> object:
        decision = RoutingDecision(
            tenant_id="acme",
            occurred_at=datetime.now(UTC),
            decision_id=uuid4().hex,
            query=query,
            candidate_agents=candidates,
            chosen_agent=generator.choice(names),
            probabilities=probabilities,
            propensity=probabilities[0],
            entities=entities,
        )
        return publisher.publish_decision(decision)

    return decide


def _queries(count: int, seed: int) -> list[tuple[str, tuple[Entity, ...]]]:
    """Questions of ten words, frequent and rare ones as in language, each with one entity."""
    generator = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(generator.choice(letters, generator.integers(2, 11))) for _ in range(_VOCABULARY)]
    ranks = 1 / np.arange(1, _VOCABULARY + 1)
    places = generator.choice(_VOCABULARY, (count, _WORDS_A_QUERY), p=ranks / ranks.sum())
    texts = [[words[place] for place in row] for row in places]
    return [(" ".join(text), (Entity(text[0], "topic"),)) for text in texts]


async def _create_topic(broker: Broker) -> None:
    admin = AIOKafkaAdminClient(**broker.connection.client_options())
    await admin.start()
    await admin.create_topics([NewTopic(ROUTING_DECISION, _PARTITIONS, 1)])
    await admin.close()
