"""The second stage in one process: a program is trained, gated, served, kept, and can be stopped."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.language_model import offline
from signalbox.events import Experience, decode
from streams.optimizers import AdvancedRoutingOptimizer
from tests.streams.optimizers.worlds import AGENTS, KINDS, Clock, live, optimizer

FIELDS: dict[str, Any] = {
    "enable_multi_stage": True,
    "min_experiences_for_training": 600,
    "exploration_epsilon": 0.6,
    "force_optimizer": "bootstrap",
}


async def said_of_each_kind(subject: AdvancedRoutingOptimizer) -> list[tuple[str, str]]:
    found = [await subject.get_routing_recommendations(kind.format("chess")) for kind in KINDS]
    return [(one["recommended_agent"], one["source"]) for one in found]


async def test_a_program_is_trained_after_a_policy_and_served_where_it_is_preferred(tmp_path: Path) -> None:
    clock, expected = Clock(), [(agent, "program") for agent in AGENTS]
    with optimizer(tmp_path, clock, prefer="program", **FIELDS) as subject:
        await live(subject, clock, 601, step_every=600)
        assert await said_of_each_kind(subject) == expected
        made = await subject.optimize_routing_decision(KINDS[1].format("jazz"), [], [], None, None)
        await subject.record_routing_experience(
            "",
            [],
            [],
            None,
            made["recommended_agent"],
            0.9,
            0.9,
            True,
            metadata={"decision_id": made["decision_id"]},
        )
        seen = decode(Experience, subject._sink.stream.experiences.newest(1)[0]).decision
        active = subject._loop.current
    assert (seen.slot, seen.policy_digest) == ("program", active.digest)
    epsilon = active.manifest.epsilon
    shares = {agent: epsilon / 3 + (1 - epsilon) * (agent == AGENTS[1]) for agent in AGENTS}
    assert made["probabilities"] == pytest.approx(shares)
    assert seen.propensity == made["propensity"] == made["probabilities"][seen.chosen_agent]
    with optimizer(tmp_path, clock, prefer="program", **FIELDS) as subject:
        assert await said_of_each_kind(subject) == expected


async def test_without_the_second_stage_there_is_no_program() -> None:
    clock = Clock()
    with optimizer(clock=clock, **{**FIELDS, "enable_multi_stage": False}) as subject:
        await live(subject, clock, 601, step_every=600)
        assert subject._loop.current is None


async def test_closing_stops_the_training_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = offline.engine.OfflineEngine.complete

    def slow(self: Any, request: Any) -> Any:
        time.sleep(0.05)
        return complete(self, request)

    monkeypatch.setattr(offline.engine.OfflineEngine, "complete", slow)
    clock = Clock()
    subject = optimizer(clock=clock, **FIELDS)
    await live(subject, clock, 600, step_every=10_000)
    trainer = subject._loop._trainer
    while not trainer.open(programs=True):
        assert trainer.open(programs=False), "no program is being trained"
        await asyncio.sleep(0.01)
    (training,) = trainer.open(programs=True)
    subject.close()
    assert training.done()
    assert training.cancelled() or training.result() is None
    assert subject._loop.current is None
