"""Jobs as the worker's own processors make them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from processors.partition import Partition
from processors.policies import Policies
from processors.triggering import triggers
from signalbox.events import Experience, OptimizationTrigger, RoutingDecision, Signals, decode, encode
from signalbox.topics import ROUTING_DECISION
from streams.trainer.job import TrainingJob

START = datetime(2026, 1, 1, tzinfo=UTC)
AGENTS = ("video_search", "document_search")


@dataclass
class Stamped:
    """A record as Kafka gives it."""

    offset: int
    value: bytes
    timestamp: int
    key: bytes = b"acme"


def decision(number: int, chance: random.Random, *, minutes: float) -> RoutingDecision:
    """A decision whose best agent is named by its query, with its outcome."""
    best, chosen = chance.randrange(2), chance.randrange(2)
    quality = 0.9 if best == chosen else 0.2
    return RoutingDecision(
        tenant_id="acme",
        occurred_at=START + timedelta(minutes=minutes),
        decision_id=f"d-{number}",
        query=("show me a film about", "find the paper on")[best] + f" topic {number % 7}",
        candidate_agents=AGENTS,
        chosen_agent=AGENTS[chosen],
        probabilities=(0.5, 0.5),
        propensity=0.5,
        outcome=Signals(search_quality=quality, agent_success=quality > 0.5, user_satisfaction=quality),
    )


def last_job(count: int, policies: Policies, *, minutes_apart: float = 0.1) -> TrainingJob:
    """The worker's processors over `count` decisions in one partition, and its last trigger as a job."""
    chance, partition, published = random.Random(5), Partition(0, policies, "1-test"), []
    found: list[OptimizationTrigger] = []
    for number in range(count):
        made = decision(number, chance, minutes=number * minutes_apart)
        record = Stamped(number, encode(made), int(made.occurred_at.timestamp() * 1000))
        outputs = partition.apply(ROUTING_DECISION, [record])
        first = len(published)
        published += [value for _, value, _ in outputs.experiences]
        partition.published(outputs, range(first, len(published)))
        found += triggers(partition, "routing-experience")
        for each in found:
            partition.ledger.scope(each.tenant_key, each.scope).outstanding = None
    trigger = found[-1]
    (where,) = trigger.ranges
    return TrainingJob(trigger, tuple(published[where.start : where.end]), None)


def experiences_of(job: TrainingJob) -> list[Experience]:
    return [decode(Experience, record) for record in job.records]
