"""Decisions and outcomes of several tenants as routers send them, and the reward that each must get."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aiokafka import AIOKafkaProducer

from signalbox.events import RoutingDecision, RoutingOutcome, Signals, WorkflowExecution, encode, moment_at
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME, WORKFLOW_EXECUTION
from streams.settings import Settings

AGENTS = ("video_search", "document_search")
Record = tuple[str, bytes, bytes]
"""Topic, key and value."""
STEP_S = 0.05
AN_HOUR_S = 3600.0


@dataclass
class Traffic:
    """Events of a seed: outcomes inline, late, early, in parts, twice or never; workflows; some garbage.

    Event time runs from two hours ago, `STEP_S` a decision, whatever the clock does. `expected` has the
    reward of every decision whose outcome was sent.
    """

    seed: int = 0
    tenants: int = 3
    expected: dict[tuple[str, str], float] = field(default_factory=dict)
    garbage: int = 0
    began_s: float = field(default_factory=lambda: datetime.now(UTC).timestamp() - 2 * AN_HOUR_S)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._later: list[tuple[float, int, str, str, Any]] = []
        self._order = count()

    def rounds(self) -> Iterator[list[Record]]:
        """One decision after another, each with what else is due, without end."""
        for number in count():
            now_s = self.began_s + number * STEP_S
            due = list(self._due(now_s))
            yield due + list(self._one(number, now_s, f"tenant-{number % self.tenants}"))

    def rest(self) -> Iterator[Record]:
        """The outcomes that are still to come."""
        return self._due(float("inf"))

    def _due(self, now_s: float) -> Iterator[Record]:
        while self._later and self._later[0][0] <= now_s:
            _, _, topic, tenant, event = heapq.heappop(self._later)
            yield topic, tenant.encode(), encode(event)

    def _one(self, number: int, now_s: float, tenant: str) -> Iterator[Record]:
        chance = self._chance
        if number % 100 == 50:
            self.garbage += 1
            yield ROUTING_OUTCOME, tenant.encode(), b"garbage %d" % number
        if number % 40 == 20:
            workflow = WorkflowExecution(
                tenant_id=tenant,
                occurred_at=moment_at(now_s),
                workflow_id=f"w-{number}",
                query="plan it",
                success=True,
                agent_sequence=AGENTS,
            )
            yield WORKFLOW_EXECUTION, tenant.encode(), encode(workflow)
        way = chance.choices(("late", "early", "inline", "parts", "never"), (60, 5, 10, 15, 10))[0]
        signals = Signals(
            search_quality=chance.random(),
            agent_success=chance.random() < 0.7,
            processing_time_s=chance.uniform(0, 5),
        )
        decision = _decision(number, now_s, tenant, chance, signals if way == "inline" else None)
        if way != "never":
            self.expected[tenant, decision.decision_id] = reward_of(signals)
        if way == "early":
            yield ROUTING_OUTCOME, tenant.encode(), encode(_outcome(decision, now_s, signals))
        yield ROUTING_DECISION, tenant.encode(), encode(decision)
        if number % 11 == 0:
            yield ROUTING_DECISION, tenant.encode(), encode(decision)
        if way in ("late", "parts"):
            outcome = self._send_later(decision, now_s + chance.uniform(0, 20), signals)
            if number % 13 == 0:
                self._put(outcome)
        if way == "parts":
            rest = Signals(user_satisfaction=chance.random())
            self._send_later(decision, now_s + chance.uniform(20, 40), rest)
            self.expected[tenant, decision.decision_id] = reward_of(signals.updated_with(rest))

    def _send_later(self, decision: RoutingDecision, at_s: float, signals: Signals) -> RoutingOutcome:
        outcome = _outcome(decision, at_s, signals)
        self._put(outcome)
        return outcome

    def _put(self, outcome: RoutingOutcome) -> None:
        at_s = outcome.occurred_at.timestamp()
        heapq.heappush(self._later, (at_s, next(self._order), ROUTING_OUTCOME, outcome.tenant_id, outcome))


async def send_until(
    stopping: asyncio.Event, producer: AIOKafkaProducer, settings: Settings, traffic: Traffic, per_s: int = 200
) -> None:
    """Send so many decisions a second and what belongs to them until told to stop, then what is left."""
    for number, records in enumerate(traffic.rounds()):
        await send(producer, settings, records)
        if number % 20 == 0:
            await asyncio.sleep(20 / per_s)
        if stopping.is_set():
            break
    await send(producer, settings, traffic.rest())
    await producer.flush()


async def send(producer: AIOKafkaProducer, settings: Settings, records: Iterable[Record]) -> None:
    """Hand records to the producer."""
    for topic, key, value in records:
        await producer.send(settings.topic(topic), value, key)


def reward_of(signals: Signals) -> float:
    """The reward as design.md writes it down."""
    weighted = ((0.4, signals.search_quality), (0.3, signals.agent_success), (0.3, signals.user_satisfaction))
    known = [(weight, float(value)) for weight, value in weighted if value is not None]
    base = sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)
    time_s = signals.processing_time_s or 0.0
    return min(max(base - 0.1 * time_s / (time_s + 2.8), 0.0), 1.0)


def _decision(
    number: int, now_s: float, tenant: str, chance: random.Random, outcome: Signals | None
) -> RoutingDecision:
    return RoutingDecision(
        tenant_id=tenant,
        occurred_at=moment_at(now_s),
        decision_id=f"d-{number}",
        query="which one?",
        candidate_agents=AGENTS,
        chosen_agent=chance.choice(AGENTS),
        propensity=0.5,
        probabilities=(0.5, 0.5),
        outcome=outcome,
    )


def _outcome(decision: RoutingDecision, at_s: float, signals: Signals) -> RoutingOutcome:
    return RoutingOutcome(
        tenant_id=decision.tenant_id,
        occurred_at=moment_at(at_s),
        decision_id=decision.decision_id,
        search_quality=signals.search_quality,
        agent_success=signals.agent_success,
        user_satisfaction=signals.user_satisfaction,
        processing_time_s=signals.processing_time_s,
    )
