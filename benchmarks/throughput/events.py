"""The traffic: decisions of about 593 bytes and outcomes of about 284, in the order of their event times."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import orjson
from aiokafka.partitioner import murmur2

from signalbox.events import Entity, RoutingDecision, RoutingOutcome, Signals, encode_trusted, moment_at
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME

PARTITIONS = 8
TENANTS_A_PARTITION = 3
AGENTS = tuple(f"{kind}_search_agent" for kind in ("video", "image", "audio", "document", "text"))
INCOMPLETE = 0.1
"""The share of outcomes without satisfaction: their decisions go on waiting for it."""
DECISIONS_PER_S = 1000.0
"""In event time: a busy router's, so that the join window holds what it would hold in service."""
_WORDS = [
    "find",
    "show",
    "the",
    "a",
    "video",
    "report",
    "of",
    "cells",
    "under",
    "storm",
    "engine",
    "failure",
    "budget",
    "quarterly",
    "minutes",
]


class Event(NamedTuple):
    """A record to be: its topic without prefix, partition, key and value."""

    topic: str
    partition: int
    key: bytes
    value: bytes


def traffic(decisions: int, seed: int) -> Iterator[Event]:
    """Decisions and one outcome each, 1 to 20 s after them; equal numbers on every partition."""
    random = Random(seed)
    first_s = time.time() - decisions / DECISIONS_PER_S - 60
    tenants = tenants_of_partitions()
    timed: list[tuple[float, Event]] = []
    for i in range(decisions):
        partition = i % PARTITIONS
        tenant = random.choice(tenants[partition])
        decided_s = first_s + i / DECISIONS_PER_S
        decision_id = f"{random.getrandbits(128):032x}"
        decision = decision_bytes(tenant, decision_id, decided_s, random)
        timed.append((decided_s, Event(ROUTING_DECISION, partition, tenant.encode(), decision)))
        known_s = decided_s + random.uniform(1, 20)
        outcome = outcome_bytes(tenant, decision_id, known_s, random)
        timed.append((known_s, Event(ROUTING_OUTCOME, partition, tenant.encode(), outcome)))
    timed.sort(key=lambda item: item[0])
    for _, event in timed:
        yield event


def decision_bytes(
    tenant: str, decision_id: str, occurred_s: float, random: Random, outcome: Signals | None = None
) -> bytes:
    """A decision among five agents, explored with epsilon .1; with `outcome` it brings its outcome along."""
    chosen = random.choice(AGENTS)
    explored = random.random() < 0.1
    query = " ".join(random.choices(_WORDS, k=7))
    return encode_trusted(
        RoutingDecision(
            tenant_id=tenant,
            occurred_at=moment_at(occurred_s),
            decision_id=decision_id,
            query=query,
            candidate_agents=AGENTS,
            chosen_agent=chosen,
            probabilities=tuple(0.92 if agent == chosen else 0.02 for agent in AGENTS),
            propensity=0.92,
            explored=explored,
            confidence=round(random.random(), 3),
            slot="champion",
            policy_digest="0123456789abcdef" * 4,
            policy_version=7,
            modality=random.choice(("video", "image", "text")),
            entities=(Entity("engine", "topic"),),
            outcome=outcome,
        )
    )


def outcome_bytes(tenant: str, decision_id: str, occurred_s: float, random: Random) -> bytes:
    """An outcome, most of them with every signal that the reward weighs."""
    return encode_trusted(
        RoutingOutcome(
            tenant_id=tenant,
            occurred_at=moment_at(occurred_s),
            decision_id=decision_id,
            search_quality=round(random.random(), 4),
            agent_success=random.random() < 0.8,
            user_satisfaction=None if random.random() < INCOMPLETE else round(random.random(), 4),
            processing_time_s=round(random.expovariate(1.0), 3),
            cost=0.0021,
            result_count=random.randrange(50),
            error_class="none reported so far",
        )
    )


def tenants_of_partitions() -> dict[int, list[str]]:
    """As many tenants for every partition as for any other, so that none is done before the others."""
    tenants: dict[int, list[str]] = defaultdict(list)
    number = 0
    while len(tenants) < PARTITIONS or min(map(len, tenants.values())) < TENANTS_A_PARTITION:
        tenant = f"tenant-{number}"
        here = tenants[(murmur2(tenant.encode()) & 0x7FFFFFFF) % PARTITIONS]
        if len(here) < TENANTS_A_PARTITION:
            here.append(tenant)
        number += 1
    return tenants


def decision_id_of(event: Event) -> str:
    """The decision that an event is about."""
    return str(orjson.loads(event.value)["decision_id"])
