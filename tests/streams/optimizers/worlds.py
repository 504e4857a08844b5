"""A small world with one right agent for each kind of query, and an optimizer's way through it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.optimizers import AdvancedOptimizerConfig, AdvancedRoutingOptimizer

AGENTS = ("video_search_agent", "summarizer_agent", "detailed_report_agent")
KINDS = ("find a film about {}", "give me the gist of {}", "a thorough account of {}")
TOPICS = ("jazz", "bridges", "whales", "chess")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 2.0) -> None:
        self.now += timedelta(seconds=seconds)


def optimizer(
    storage: Any = None,
    clock: Clock | None = None,
    *,
    tenant_id: str = "acme",
    prefer: Any = "policy",
    **fields: Any,
) -> AdvancedRoutingOptimizer:
    """One without programs, unless `enable_multi_stage` says otherwise."""
    config = AdvancedOptimizerConfig(**{"enable_multi_stage": False, **fields})
    return AdvancedRoutingOptimizer(
        config, storage, tenant_id=tenant_id, prefer=prefer, seed=1, clock=clock or Clock()
    )


async def live(
    subject: AdvancedRoutingOptimizer, clock: Clock, count: int, seed: int = 1, *, step_every: int = 60
) -> list[bool]:
    """Decide `count` queries and report what came of them; whether each choice was right."""
    chance, right = random.Random(seed), []
    for number in range(count):
        clock.tick()
        kind = chance.randrange(len(KINDS))
        found = await subject.optimize_routing_decision(
            KINDS[kind].format(chance.choice(TOPICS)),
            [],
            [],
            None,
            {"recommended_agent": chance.choice(AGENTS), "confidence": 0.75},
            decision_id=f"{seed}-{number}",
        )
        is_right = found["recommended_agent"] == AGENTS[kind]
        await subject.record_routing_experience(
            "as decided",
            [],
            [],
            None,
            found["recommended_agent"],
            found["confidence"],
            0.9 if is_right else 0.2,
            is_right,
            1.0,
            0.9 if is_right else 0.2,
            {"decision_id": found["decision_id"]},
        )
        right.append(is_right)
        if number % step_every == step_every - 1:
            await subject.run_optimization_step()
    return right
