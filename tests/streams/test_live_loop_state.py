"""What is counted while the loop is watched."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from signalbox.events import Estimate, OffsetRange, OptimizationTrigger, PolicyUpdate, TrainingResult, moment_at
from streams.live.loop_state import LoopState

NOW = moment_at(1000.0)


def a_trigger(trigger_id: str = "t1") -> OptimizationTrigger:
    return OptimizationTrigger(
        tenant_id="harbor",
        occurred_at=NOW,
        trigger_id=trigger_id,
        tenant_key="harbor",
        scope="routing",
        reasons=("enough_experiences",),
        windows=(0,),
        ranges=(OffsetRange(topic="routing-experience", partition=0, start=0, end=50),),
        buffer_digest="00",
        experiences=50,
        look=1,
        seed=0,
        code_version="1",
        configuration={},
        run="0-a",
        batch=0,
    )


def an_update(version: int = 1, trigger_id: str | None = "t1") -> PolicyUpdate:
    return PolicyUpdate(
        tenant_id="harbor",
        occurred_at=NOW,
        scope="routing",
        slot="champion",
        version=version,
        digest="a" * 64,
        size_bytes=10,
        chunks=1,
        reason="promoted",
        manifest={},
        trigger_id=trigger_id,
    )


def a_result(verdict: str, reason: str, message: str = "why", **numbers: Any) -> TrainingResult:
    return TrainingResult(
        tenant_id="harbor",
        occurred_at=NOW,
        trigger_id="t1",
        tenant_key="harbor",
        scope="routing",
        verdict=verdict,  # type: ignore[arg-type]
        reason=reason,  # type: ignore[arg-type]
        message=message,
        **numbers,
    )


@pytest.mark.parametrize("swap_first", [True, False])
def test_a_policy_counts_as_adopted_once_it_was_published_and_swapped_in(swap_first: bool) -> None:
    state = LoopState()
    state.trigger(a_trigger(), 10.0)
    steps = [lambda: state.policy(an_update(), 12.0), lambda: state.swapped("harbor", 1, 12.25)]
    for step in reversed(steps) if swap_first else steps:
        assert state.adopted == 0
        step()

    assert (state.triggers, state.published, state.adopted) == (1, 1, 1)
    assert state.trigger_to_policy_s == [2.0]
    assert state.publish_to_adopt_s == [0.25]
    assert state.adoptions == [12.25]
    assert [note.kind for note in state.notes] == ["adopted"]


def test_a_changed_world_is_told_once_and_drift_whenever_it_is_the_reason() -> None:
    state = LoopState()
    for at in (5.0, 5.25):
        state.changed(12_000, at)
    state.trigger(a_trigger(), 1001.0)
    state.trigger(
        msgspec.structs.replace(a_trigger("t2"), reasons=("reward_drop", "drift"), changed_at=NOW), 1002.5
    )

    assert (state.changed_at, state.triggers, state.drift_triggers) == (12_000, 2, 1)
    assert [(note.tenant_id, note.kind, note.text) for note in state.notes] == [
        ("all", "changed", "after 12,000 decisions the agents took each other's places"),
        ("harbor", "drift", "the rewards fell 2.5 s ago: what was learned before is void"),
    ]


def test_a_policy_from_before_the_run_counts_for_nothing() -> None:
    state = LoopState()
    state.swapped("harbor", 7, 1.0)

    assert (state.published, state.adopted, list(state.notes)) == (0, 0, [])


def test_the_same_update_twice_is_one() -> None:
    state = LoopState()
    for _ in range(2):
        state.policy(an_update(), 12.0)
        state.swapped("harbor", 1, 13.0)

    assert (state.published, state.adopted) == (1, 1)


def test_a_rollback_is_published_without_a_trigger() -> None:
    state = LoopState()
    state.policy(an_update(2, trigger_id=None), 12.0)

    assert (state.published, state.trigger_to_policy_s) == (1, [])


def test_every_answer_is_counted_by_its_verdict_and_told_with_its_reason() -> None:
    state = LoopState()
    improvement = Estimate(
        value=0.04, lower=-0.01, upper=0.1, samples=70, effective_samples=60.0, largest_weight=9.0
    )
    state.result(
        a_result("rejected", "not_proven", improvement=improvement, threshold=0.02, held_out_samples=1070), 5.0
    )
    state.result(a_result("rejected", "stale_champion", "another one is in force"), 6.0)
    state.result(a_result("failed", "error", "no experiences"), 7.0)
    state.result(a_result("promoted", "better"), 8.0)
    state.result(a_result("rolled_back", "below_promise", "it earns .4"), 9.0)

    assert (state.rejected, state.failed) == (2, 1)
    assert [note.kind for note in state.notes] == ["rejected", "rejected", "failed", "promoted", "rollback"]
    assert [note.text for note in state.notes][:2] == [
        "not proven: +0.040, at least -0.010, must exceed +0.020; 1,070 held out",
        "another one is in force",
    ]


def test_lag_is_what_was_reported_and_has_not_come_back() -> None:
    state = LoopState()
    assert (state.waiting, state.waiting_s(9.0)) == (0, 0.0)
    state.reported("a", 1.0)
    state.reported("b", 2.0)
    assert (state.waiting, state.waiting_s(9.0)) == (2, 8.0)
    state.experience("a")
    state.experience("a")  # a later part of the outcome gives the experience anew
    state.experience("never seen")
    assert (state.waiting, state.waiting_s(9.0)) == (1, 7.0)
