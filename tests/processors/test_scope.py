"""A scope's trial, promise and drift: what is counted, what is asked, and what ends them."""

from __future__ import annotations

from typing import Any

import pytest

from processors.policies import Policies
from processors.promise import Promise
from processors.scope import ScopeState
from processors.trial_watch import TrialWatch
from processors.trigger import TriggerPolicy
from signalbox import topics
from signalbox.events import OptimizationTrigger, epoch_s
from tests.processors.builders import COMPLETE, NOON, Worker, decision, observe, outcome, result
from tests.processors.traffic import PROGRESS, PROMISED

CHAMPION, CANDIDATE, OTHER = "c" * 64, "d" * 64, "e" * 64
POLICY = TriggerPolicy(trial_frequency=3, trial_decisions=10, trial_s=1000)
BOTH = {"policy_digest": CHAMPION, "trial_digest": CANDIDATE}


def told(state: ScopeState, verdict: str, at_s: float = 0.0, **fields: Any) -> ScopeState:
    state.answered(result(state.outstanding or "nobody asked", verdict, **fields), at_s, 70)
    return state


def on_trial(**fields: Any) -> ScopeState:
    return told(ScopeState(champion_digest=CHAMPION), "on_trial", digest=CANDIDATE, **fields)


def promoted() -> ScopeState:
    return told(ScopeState(), "promoted", digest=CHAMPION, candidate=PROMISED)


def test_a_trial_is_noted_with_where_it_began() -> None:
    state = on_trial(at_s=500.0)
    assert state.trial == TrialWatch(CANDIDATE, 500.0, 70)
    told(state, "on_trial", 900.0, digest=CANDIDATE, reason="undecided")
    assert state.trial == TrialWatch(CANDIDATE, 500.0, 70), "it goes on"
    told(state, "on_trial", 900.0, digest=OTHER, reason="requested")
    assert state.trial == TrialWatch(OTHER, 900.0, 70, canary=True)


def test_a_trial_is_looked_at_after_so_many_disagreements_and_nothing_else_is_asked() -> None:
    state = on_trial()
    for _ in range(8):
        observe(state, 0.5, policy_digest=CHAMPION)
    assert state.reasons(POLICY, 100.0) == ()
    for _ in range(2):
        observe(state, 0.5, **BOTH)
        assert state.trial is not None
    state.trial.decisions = 9
    assert state.reasons(POLICY, 100.0) == ()
    observe(state, 0.5, **BOTH)
    state.trial.decisions = 9
    assert state.reasons(POLICY, 100.0) == ("trial",)
    state.triggered("t", 100.0, ("trial",))
    assert (state.trial.units, state.looks) == (0, 0), "a look at the trial is none at the screen's evidence"
    for _ in range(3):
        observe(state, 0.5, **BOTH)
    assert state.reasons(POLICY, 1000.0) == (), "one is outstanding"
    told(state, "on_trial", digest=CANDIDATE, reason="undecided")
    assert state.reasons(POLICY, 129.0) == (), "cool-down"
    assert state.reasons(POLICY, 130.0) == ("trial",)


def test_a_trial_that_nobody_draws_in_is_looked_at_too_but_a_canary_is_not() -> None:
    """Routers that follow the champion alone, or publish decisions of their own, would keep it for ever."""
    policy = TriggerPolicy(trial_frequency=3)
    trial, canary = on_trial(), on_trial(reason="requested")
    for _ in range(29):
        observe(trial, 0.5, policy_digest=CHAMPION)
        observe(canary, 0.5, policy_digest=CHAMPION)
    assert trial.reasons(policy, 100.0) == ()
    observe(trial, 0.5, policy_digest=CHAMPION)
    observe(canary, 0.5, policy_digest=CHAMPION)
    assert (trial.reasons(policy, 100.0), canary.reasons(policy, 100.0)) == (("trial",), ())
    trial.triggered("t", 100.0, ("trial",))
    told(trial, "on_trial", digest=CANDIDATE, reason="undecided")
    observe(trial, 0.5, policy_digest=CHAMPION)
    assert trial.reasons(policy, 1000.0) == (), "it counts anew"


@pytest.mark.parametrize(("decisions", "now_s", "due"), [(9, 999.0, False), (10, 0.0, True), (1, 1000.0, True)])
def test_a_trial_is_looked_at_at_its_limits(decisions: int, now_s: float, due: bool) -> None:
    state = on_trial()
    for _ in range(decisions):
        observe(state, 0.5)
    assert bool(state.reasons(POLICY, now_s)) is due


def test_a_canary_counts_its_own_decisions_and_has_no_limits() -> None:
    state = on_trial(reason="requested")
    for _ in range(12):
        observe(state, 0.5)
    assert state.reasons(POLICY, 10_000.0) == ()
    for _ in range(3):
        observe(state, 0.5, policy_digest=CANDIDATE)
    assert state.reasons(POLICY, 10_000.0) == ("trial",)


@pytest.mark.parametrize(
    ("verdict", "fields", "ends"),
    [
        ("promoted", {"digest": CANDIDATE}, True),
        ("rolled_back", {"digest": OTHER}, True),
        ("rejected", {"trial": PROGRESS, "reason": "harm"}, True),
        ("rejected", {"reason": "stale_champion", "champion_digest": OTHER}, True),
        ("rejected", {"reason": "not_proven"}, False),
        ("failed", {}, False),
        ("on_trial", {"digest": CANDIDATE, "reason": "undecided"}, False),
    ],
)
def test_what_ends_a_trial(verdict: str, fields: dict[str, Any], ends: bool) -> None:
    assert (told(on_trial(), verdict, **fields).trial is None) is ends


def test_a_broken_promise_is_told_once() -> None:
    state = promoted()
    assert state.promise == Promise(CHAMPION, 0.8)
    for _ in range(60):
        observe(state, 0.1, policy_digest=OTHER)
        observe(state, 0.1, **BOTH)
    assert state.promise.count == 0, "only what the champion alone decided"
    for _ in range(60):
        observe(state, 0.1, policy_digest=CHAMPION)
    assert state.reasons(POLICY, 0.0) == ("below_promise",)
    state.triggered("t", 0.0, ("below_promise",))
    assert state.looks == 0
    told(state, "failed")
    observe(state, 0.1)
    assert state.reasons(POLICY, 100.0) == ("below_promise",), "nobody has looked yet"
    state.triggered("u", 100.0, ("below_promise",))
    told(state, "rejected", reason="below_promise")
    observe(state, 0.1, policy_digest=CHAMPION)
    assert state.promise is None
    assert "below_promise" not in state.reasons(POLICY, 200.0)


@pytest.mark.parametrize("reward", [0.8, 0.95])
def test_a_kept_promise_is_not_suspected(reward: float) -> None:
    state = promoted()
    for _ in range(2000):
        observe(state, reward, policy_digest=CHAMPION)
    assert state.promise is not None
    assert not state.promise.broken


@pytest.mark.parametrize(
    ("verdict", "fields"), [("rolled_back", {"digest": OTHER}), ("promoted", {"digest": OTHER})]
)
def test_another_champion_has_not_promised_that(verdict: str, fields: dict[str, Any]) -> None:
    assert told(promoted(), verdict, **fields).promise is None


def test_a_drift_is_told_once_and_its_time_stays() -> None:
    state = ScopeState(looks=7)
    for i in range(200):
        observe(state, 0.9, float(i))
    assert state.changed_at_s is None
    for i in range(200, 240):
        observe(state, 0.0, float(i))
    assert state.changed_at_s is not None
    assert abs(state.changed_at_s - NOON - 200) <= 16
    assert state.looks == 0, "the evidence of earlier looks is void"
    assert state.reasons(POLICY, 240.0) == ("enough_experiences", "drift")
    state.triggered("t", 240.0, ("drift",))
    told(state, "rejected")
    for i in range(240, 250):
        observe(state, 0.0, float(i))
    assert "drift" not in state.reasons(POLICY, 300.0)
    assert state.changed_at_s is not None


def test_a_drift_has_a_running_trial_judged_at_once_and_is_told_after_it() -> None:
    state = on_trial()
    state.experiences = 50
    for i in range(240):
        observe(state, 0.9 if i < 200 else 0.0, float(i))
    assert state.trial is not None
    state.trial.decisions = 1
    assert state.reasons(POLICY, 0.0) == ("trial",)
    state.triggered("t", 0.0, ("trial",))
    observe(state, 0.0, 250.0)
    told(state, "rejected", trial=PROGRESS, reason="harm")
    assert state.reasons(POLICY, 1.0) == ()
    for i in range(251, 260):
        observe(state, 0.0, float(i))
    assert "drift" in state.reasons(POLICY, 1.0), "it doesn't wait until the last trigger has cooled down"
    state.triggered("u", 1.0, ("drift",))
    told(state, "rejected")
    for i in range(260, 280):
        observe(state, 0.0, float(i))
    assert state.reasons(POLICY, 2.0) == (), "the next one does"


def test_a_drift_found_while_a_candidate_was_trained_has_its_trial_judged_at_once() -> None:
    state = ScopeState(champion_digest=CHAMPION)
    for i in range(240):
        observe(state, 0.9 if i < 200 else 0.0, float(i))
    told(state, "on_trial", digest=CANDIDATE)
    observe(state, 0.0, 240.0)
    assert state.reasons(POLICY, 0.0) == ("trial",)
    canary = told(ScopeState(drifted=True, since_trigger=1), "on_trial", digest=CANDIDATE, reason="requested")
    assert canary.reasons(POLICY, 0.0) == ()


def test_an_earlier_policy_put_back_is_not_held_against_the_later_one() -> None:
    state = ScopeState()
    for _ in range(200):
        observe(state, 0.9)
    told(state, "rolled_back", digest=OTHER, reason="requested")
    for _ in range(200):
        observe(state, 0.4)
    assert state.changed_at_s is None


def test_a_change_that_first_looks_like_a_broken_promise_is_found_after_the_rollback() -> None:
    state = promoted()
    for i in range(200):
        observe(state, 0.9, float(i))
    told(state, "rolled_back", digest=OTHER, reason="below_promise")
    for i in range(200, 240):
        observe(state, 0.1, float(i))
    assert state.changed_at_s is not None


def test_no_champion_breaks_its_promise_by_a_change_of_the_rewards() -> None:
    state = promoted()
    for i in range(240):
        observe(state, 0.9 if i < 200 else 0.0, float(i), policy_digest=CHAMPION)
    assert state.drifted and state.promise is None


def test_a_row_of_an_earlier_version_is_restored() -> None:
    row = [60, 3, 0.5, 0.6, 12.0, "t", 2, CHAMPION]
    state = ScopeState.restored(row)
    assert state.row()[:8] == row
    assert (state.trial, state.promise, state.changed_at_s, state.drift.segments) == (None, None, None, [])


def test_a_row_is_the_whole_state_with_trial_promise_and_drift() -> None:
    state = told(promoted(), "on_trial", digest=CANDIDATE)
    for i in range(300):
        observe(state, 0.9 if i < 200 else 0.1, float(i), **({} if i % 3 else BOTH))
    again = ScopeState.restored(state.row())
    assert again == state
    observe(again, 0.5)
    assert again != state, "they share nothing"


def live_triggers(worker: Worker, count: int, start: int, **fields: Any) -> list[OptimizationTrigger]:
    before = len(worker.triggers)
    for i in range(start, start + count):
        worker.feed(decision(f"d{i}", i * 10.0, outcome=COMPLETE, **fields))
    return worker.triggers[before:]


def test_live_a_trial_trigger_names_the_candidate_and_reads_from_its_begin() -> None:
    worker = Worker(Policies(trigger=TriggerPolicy(trial_frequency=5)))
    (first,) = live_triggers(worker, 55, 0, policy_digest=CHAMPION)
    worker.feed(result(first.trigger_id, "on_trial", digest=CANDIDATE))
    assert live_triggers(worker, 20, 55, policy_digest=CHAMPION) == []
    worker.restart("second")
    (trigger,) = live_triggers(worker, 5, 75, **BOTH)
    assert (trigger.reasons, trigger.trial_digest, trigger.look) == (("trial",), CANDIDATE, 2)
    assert (trigger.ranges[0].topic, trigger.ranges[0].start) == (topics.ROUTING_EXPERIENCE, 55)
    worker.feed(result(trigger.trigger_id, "rejected", trial=PROGRESS, reason="worse"))
    (later,) = live_triggers(worker, 10, 80, policy_digest=CHAMPION)
    assert (later.reasons, later.trial_digest, later.look) == (("enough_experiences",), None, 2)


def test_live_the_range_covers_a_trial_that_began_before_the_live_windows() -> None:
    worker = Worker(Policies(trigger=TriggerPolicy(trial_frequency=2, trial_s=10**7)))
    (first,) = live_triggers(worker, 50, 0)
    worker.feed(result(first.trigger_id, "on_trial", digest=CANDIDATE))
    for i in range(2):
        worker.feed(decision(f"late{i}", 200_000.0 + i, outcome=COMPLETE, **BOTH))
    trigger = worker.triggers[-1]
    assert (trigger.ranges[0].start, trigger.ranges[0].end) == (50, 52)
    assert (trigger.windows, trigger.buffer_digest) == ((), "")


def test_live_a_late_revision_is_not_counted_in_the_trial() -> None:
    worker = Worker()
    worker.feed(result("nobody", "on_trial", digest=CANDIDATE, reason="requested"))
    worker.feed(decision("d1", policy_digest=CANDIDATE))
    worker.feed(outcome("d1", 1.0, search_quality=0.5), outcome("d1", 2.0, agent_success=True))
    trial = worker.partition.ledger.scopes["harbor", "routing"].trial
    assert trial is not None
    assert (trial.decisions, trial.units) == (1, 1)


def test_live_a_drift_trigger_says_since_when() -> None:
    worker = Worker()
    live_triggers(worker, 200, 0)
    for i in range(200, 240):
        worker.feed(decision(f"d{i}", i * 10.0))
        worker.feed(
            outcome(f"d{i}", i * 10.0 + 1, search_quality=0.0, agent_success=False, user_satisfaction=0.0)
        )
    (first,) = worker.triggers
    worker.feed(result(first.trigger_id))
    worker.feed(decision("last", 2500.0, outcome=COMPLETE))
    trigger = worker.triggers[-1]
    assert "drift" in trigger.reasons
    assert trigger.changed_at is not None
    assert abs(epoch_s(trigger.changed_at) - NOON - 2000.0) <= 160.0
