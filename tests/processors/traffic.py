"""Random traffic for property tests: little of everything, in an order that is as wrong as it may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st

from models.labels import LABELS
from processors import join_state, rows
from processors.buffer import BufferPolicy
from processors.cycles.records import CYCLES, CycleRequest, Tick
from processors.cycles.schedule import CyclePolicy
from processors.join_state import JoinPolicy
from processors.policies import Policies
from processors.trigger import TriggerPolicy
from signalbox import topics
from signalbox.events import Estimate, RoutingDecision, Signals, TrialProgress
from tests.processors.builders import (
    NOON,
    Batch,
    Stored,
    Worker,
    annotation,
    decision,
    outcome,
    record,
    report,
    result,
    workflow,
)

WINDOW_S = 60
TENANTS = ("harbor", "museum")
DIGESTS = ("a" * 64, "b" * 64)
PROGRESS = TrialProgress(decisions=3, disagreements=1, seconds=60.0)
PROMISED = Estimate(value=0.9, lower=0.8, upper=1.0, samples=9, effective_samples=9.0, largest_weight=1.0)

seeds = st.integers(0, 2**32 - 1)


def small_policies(default_reward: float | None = None) -> Policies:
    """Limits so small that a short history meets all of them."""
    return Policies(
        join=JoinPolicy(window_s=WINDOW_S, remember_s=1800, default_reward=default_reward),
        buffer=BufferPolicy(window_s=300, windows=3, capacity=4),
        trigger=TriggerPolicy(
            min_experiences=3,
            update_frequency=2,
            interval_s=500,
            cool_down_s=10,
            timeout_s=200,
            trial_frequency=2,
            trial_decisions=12,
            trial_s=900,
            promise_error=0.5,
            min_annotations=3,
        ),
        cycles=CyclePolicy(dict.fromkeys(CYCLES, 60.0), overlap_s=600.0, retention_s=1200.0),
    )


@contextmanager
def small_limits() -> Iterator[None]:
    """Chunks are merged and cut, and expiry is spread over batches, as they would be in a long history."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "MANY_CHUNKS", 4)
        patch.setattr(rows, "LARGEST_CHUNK_BYTES", 1500)
        patch.setattr(join_state, "EXPIRED_PER_BATCH", 8)
        yield


def some_signals(random: Random) -> dict[str, Any]:
    """At least one signal."""
    everything: dict[str, Any] = {
        "search_quality": round(random.random(), 2),
        "agent_success": random.random() < 0.7,
        "user_satisfaction": round(random.random(), 2),
        "processing_time_s": round(random.random() * 5, 1),
        "cost": 1.0,
    }
    names = list(everything) if random.random() < 0.4 else random.sample(list(everything), 2)
    return {name: everything[name] for name in names}


def a_decision(random: Random, name: str, at: float) -> RoutingDecision:
    """A decision, in four of ten cases with (a part of) its outcome."""
    inline = Signals(**some_signals(random)) if random.random() < 0.4 else None
    agent = random.choice(("search", "summary"))
    policies = {
        "policy_digest": random.choice((None, *DIGESTS)),
        "trial_digest": random.choice((None, None, *DIGESTS)),
    }
    return decision(name, at, tenant_id=random.choice(TENANTS), chosen_agent=agent, outcome=inline, **policies)


def some_cycle(random: Random, name: str, at: float) -> Any:
    """A label, a tick, a request, or what a cycle says of itself."""
    kind = random.randrange(4)
    if kind == 0:
        label = random.choice(LABELS)
        who = random.choice(("alice", "bob"))
        return annotation(name, at, tenant_id=random.choice(TENANTS), label=label, annotator=who)
    if kind == 1:
        return Tick(at_s=NOON + at)
    cycle = random.choice(CYCLES)
    if kind == 2:
        return CycleRequest(tenant_id=random.choice(TENANTS), cycle=cycle, request_id="r", at_s=NOON + at)
    found = tuple(random.randrange(1 << 64) for _ in range(random.randrange(3)))
    return report(
        cycle,
        at,
        error=random.choice((None, None, "it is away")),
        numbers={"experiences_created": 1.0, "annotations_processed": 1.0},
        scopes={"routing": {"avg_reward": random.random()}},
        watermark_s=NOON + at,
        spans=tuple((item, NOON + at) for item in found),
        requested=found,
        examined_end=random.randrange(100),
    )


def wild_events(random: Random, count: int) -> list[Any]:
    """Duplicates, outcomes early, late, too late and for nobody, workflows, jumps of time."""
    events: list[Any] = []
    now = 0.0
    for _ in range(count):
        now += random.choice((0.0, 1.0, 7.0, 30.0, 70.0, 400.0 * (random.random() < 0.1)))
        at = now + random.choice((0.0, 0.0, -5.0, 20.0, -WINDOW_S, -WINDOW_S - 1.0, -300.0))
        name = f"d{random.randrange(max(1, count // 4))}"
        kind = random.random()
        if random.random() < 0.2:
            events.append(some_cycle(random, name, at))
        elif kind < 0.4:
            events.append(a_decision(random, name, at))
        elif kind < 0.9:
            events.append(outcome(name, at, tenant_id=random.choice(TENANTS), **some_signals(random)))
        else:
            events.append(workflow(f"w{random.randrange(5)}", at, tenant_id=random.choice(TENANTS)))
    return events


def calm_events(random: Random, count: int) -> list[Any]:
    """Decisions with outcomes in parts, all well inside the window, some twice, a few without any outcome."""
    placed: list[tuple[float, Any]] = []
    for i in range(count):
        at = i * 8.0
        chosen = a_decision(random, f"d{i}", at)
        placed.append((at + random.random() * 10, chosen))
        for _ in range(random.randrange(3)):
            when = at + random.random() * WINDOW_S / 4
            part = outcome(chosen.decision_id, when, tenant_id=chosen.tenant_id, **some_signals(random))
            placed += [(when + random.random() * 10, part)] * random.choice((1, 1, 2))
    return [event for _, event in sorted(placed, key=lambda p: p[0])]


def random_sizes(random: Random, largest: int = 5) -> Iterator[int]:
    """Sizes of batches."""
    while True:
        yield random.randint(1, largest)


def answers(worker: Worker, known: int, random: Random) -> list[Batch]:
    """Results for the triggers that were not there before, as the trainer would give them; some never."""
    found = []
    for trigger in worker.triggers[known:]:
        if random.random() < 0.3:
            continue
        verdict = random.choice(("promoted", "rejected", "failed", "on_trial"))
        named = verdict in ("promoted", "on_trial")
        answer = result(
            trigger.trigger_id,
            verdict,
            tenant_id=trigger.tenant_id,
            tenant_key=trigger.tenant_key,
            digest=random.choice(DIGESTS) if named else None,
            candidate=PROMISED if verdict == "promoted" else None,
            trial=PROGRESS if verdict == "rejected" and random.random() < 0.5 else None,
        )
        offset = worker.partition.cursors.get(topics.TRAINING_RESULT, 0) + len(found)
        found.append((topics.TRAINING_RESULT, [record(answer, offset)]))
    return found


def rest_of(batches: list[Batch], worker: Worker) -> list[tuple[str, Stored]]:
    """The records of `batches` that the worker's state doesn't hold yet, in their order."""
    return [
        (topic, each)
        for topic, records in batches
        for each in records
        if each.offset >= worker.partition.cursors.get(topic, 0)
    ]
