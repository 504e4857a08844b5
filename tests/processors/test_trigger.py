"""When training is worthwhile."""

from __future__ import annotations

from typing import Any

import pytest

from processors.policies import Policies
from processors.scope import ScopeState
from processors.trigger import TriggerPolicy
from signalbox.events import OptimizationTrigger, Signals
from tests.processors.builders import COMPLETE, Worker, decision, observe, result, workflow

POLICY = TriggerPolicy(cool_down_s=30, timeout_s=21_600, interval_s=3600)


def state_after(experiences: int, reward: float = 0.8) -> ScopeState:
    state = ScopeState()
    for _ in range(experiences):
        observe(state, reward)
    return state


def answered(state: ScopeState, verdict: str = "rejected", **fields: Any) -> ScopeState:
    state.answered(result(state.outstanding or "", verdict, **fields), 0.0, 0)
    return state


def test_at_least_fifty_then_every_ten() -> None:
    """The specification's rule: 50 experiences, then every 10 further ones."""
    state, found = ScopeState(), []
    for count in range(1, 101):
        observe(state, 0.8)
        now_s = 60.0 * count
        if reasons := state.reasons(POLICY, now_s):
            found.append((count, reasons))
            state.triggered(f"t{count}", now_s, ("enough_experiences",))
            answered(state)
    assert found == [(count, ("enough_experiences",)) for count in range(50, 101, 10)]


def test_a_drop_of_the_reward_triggers_and_steadiness_does_not() -> None:
    patient = TriggerPolicy(update_frequency=10_000, interval_s=10**9, cool_down_s=0)
    state = state_after(100)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state)
    for _ in range(60):
        observe(state, 0.8)
        assert state.reasons(patient, 100.0) == ()
    until = 0
    while not (reasons := state.reasons(patient, 100.0)):
        observe(state, 0.3)
        until += 1
    assert reasons == ("reward_drop",)
    assert 3 <= until <= 15
    assert state.recent_reward < state.baseline_reward - 0.1


def test_a_rise_of_the_reward_is_no_drop() -> None:
    patient = TriggerPolicy(update_frequency=10_000, interval_s=10**9, cool_down_s=0)
    state = state_after(100, 0.3)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state)
    for _ in range(100):
        observe(state, 0.9)
        assert state.reasons(patient, 100.0) == ()


def test_the_interval_triggers_if_there_is_anything_new() -> None:
    state = state_after(50)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state)
    assert state.reasons(POLICY, 4000.0) == (), "nothing has come since"
    observe(state, 0.8)
    assert state.reasons(POLICY, 3599.0) == ()
    assert state.reasons(POLICY, 3600.0) == ("interval",)


def test_several_reasons_are_all_named() -> None:
    state = state_after(100, 0.9)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state)
    for _ in range(20):
        observe(state, 0.1)
    assert state.reasons(POLICY, 5000.0) == ("enough_experiences", "reward_drop", "interval")


def test_cool_down() -> None:
    state = state_after(50)
    state.triggered("t", 1000.0, ("enough_experiences",))
    answered(state)
    for _ in range(20):
        observe(state, 0.8)
    assert state.reasons(POLICY, 1029.9) == ()
    assert state.reasons(POLICY, 1030.0) == ("enough_experiences",)


def test_at_most_one_is_outstanding_until_it_is_answered_or_times_out() -> None:
    state = state_after(50)
    state.triggered("t", 0.0, ("enough_experiences",))
    for _ in range(100):
        observe(state, 0.8)
    assert state.reasons(POLICY, 21_599.0) == ()
    assert "enough_experiences" in state.reasons(POLICY, 21_600.0)
    state.answered(result("another"), 0.0, 0)
    assert state.reasons(POLICY, 21_599.0) == (), "another trigger's answer is not this one's"
    answered(state)
    assert state.reasons(POLICY, 100.0) == ("enough_experiences",)


@pytest.mark.parametrize("verdict", ["rejected", "failed"])
def test_an_answer_without_a_new_champion_is_one_more_look(verdict: str) -> None:
    state = state_after(50)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state, verdict)
    assert (state.outstanding, state.looks, state.champion_digest) == (None, 1, None)


@pytest.mark.parametrize("verdict", ["promoted", "rolled_back"])
def test_a_new_champion_starts_a_new_count_of_looks_and_a_new_baseline(verdict: str) -> None:
    state = state_after(50)
    for _ in range(30):
        observe(state, 0.2)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state, verdict, digest="b" * 64)
    assert (state.outstanding, state.looks, state.champion_digest) == (None, 0, "b" * 64)
    assert state.baseline_reward == state.recent_reward


def test_a_rollback_to_the_baseline_leaves_no_champion() -> None:
    state = state_after(50)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state, "promoted", digest="b" * 64)
    state.answered(result("rollback-1", "rolled_back", digest=None), 0.0, 0)
    assert state.champion_digest is None


def test_a_stale_champion_is_corrected() -> None:
    state = state_after(50)
    state.triggered("t", 0.0, ("enough_experiences",))
    answered(state, reason="stale_champion", champion_digest="c" * 64)
    assert (state.outstanding, state.looks, state.champion_digest) == (None, 0, "c" * 64)


def test_a_row_is_the_whole_state() -> None:
    state = state_after(60)
    state.triggered("t", 5.0, ("enough_experiences",))
    assert ScopeState.restored(state.row()) == state


def triggers_of(
    worker: Worker, count: int, start: int = 0, tenant: str = "harbor"
) -> list[OptimizationTrigger]:
    before = len(worker.triggers)
    for i in range(start, start + count):
        worker.feed(decision(f"d{i}", i * 10.0, tenant_id=tenant, outcome=COMPLETE))
    return worker.triggers[before:]


def test_live_a_trigger_comes_with_the_fiftieth_experience() -> None:
    worker = Worker()
    assert triggers_of(worker, 49) == []
    (trigger,) = triggers_of(worker, 1, 49)
    assert (trigger.tenant_id, trigger.scope, trigger.reasons) == ("harbor", "routing", ("enough_experiences",))
    assert (trigger.experiences, trigger.look, trigger.champion_digest) == (50, 1, None)
    assert triggers_of(worker, 30, 50) == [], "it is not answered yet"


def test_live_an_answer_lets_the_next_one_out() -> None:
    worker = Worker()
    triggers_of(worker, 70)
    (first,) = worker.triggers
    worker.feed(result(first.trigger_id, "promoted", digest="d" * 64))
    first, second = worker.triggers
    assert second.champion_digest == "d" * 64
    assert second.look == 1
    worker.feed(result(second.trigger_id, "rejected"))
    (third,) = triggers_of(worker, 10, 70)
    assert third.look == 2
    assert len({t.trigger_id for t in worker.triggers}) == 3


def test_every_tenant_has_its_own_count() -> None:
    worker = Worker()
    triggers_of(worker, 49)
    assert triggers_of(worker, 49, tenant="museum") == []
    (trigger,) = triggers_of(worker, 1, 49, tenant="museum")
    assert trigger.tenant_id == "museum"


def test_one_shard_speaks_for_a_tenant() -> None:
    worker = Worker()
    for i in range(60):
        for shard in ("harbor#0", "harbor#1"):
            worker.feed(decision(f"{shard}-{i}", i * 10.0, outcome=COMPLETE), key=shard)
    (trigger,) = worker.triggers
    assert (trigger.tenant_id, trigger.tenant_key, trigger.experiences) == ("harbor", "harbor#0", 50)


def test_a_scope_without_a_buffered_experience_has_nothing_to_train_on() -> None:
    worker = Worker(Policies(trigger=TriggerPolicy(min_experiences=2)))
    worker.feed(decision("new", 200_000.0, outcome=Signals(cost=1.0)))
    for i in range(5):
        worker.feed(decision(f"d{i}", 113_700.0 + i, outcome=COMPLETE))
    assert worker.partition.ledger.scopes["harbor", "routing"].experiences == 5
    assert worker.triggers == []


def test_workflows_alone_keep_the_clock_going() -> None:
    worker = Worker(Policies(trigger=TriggerPolicy(min_experiences=5, update_frequency=2)))
    for i in range(7):
        worker.feed(workflow(f"w{i}", i * 20.0))
    (first,) = worker.triggers
    worker.feed(result(first.trigger_id))
    worker.feed(workflow("w9", 200.0))
    assert len(worker.triggers) == 2
    worker.feed(workflow("later", 100_000.0))
    assert len(worker.partition.ledger.buffers["harbor"]) == 1, "old windows end"
    assert len(worker.partition.join.waiting) <= 1, "no satisfaction is waited for without end"
