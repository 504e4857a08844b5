"""Decisions meet their outcomes, whatever the order, the parts and the repeats."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.buffer import BufferPolicy
from processors.join_state import JoinPolicy
from processors.policies import Policies
from signalbox.events import DeadLetter, Entity, Experience, Signals, epoch_s
from tests.processors.builders import (
    COMPLETE,
    NOON,
    Stored,
    Worker,
    decision,
    experiences_in,
    final,
    outcome,
    record,
)

HOUR_S = 3600.0


def passing(worker: Worker, at: float) -> list[DeadLetter]:
    """Let the event time of both topics reach `at`; the dead letters of it."""
    first = worker.feed(decision(f"clock-{at}", at, tenant_id="clock"))
    second = worker.feed(outcome(f"clock-{at}", at, tenant_id="clock"))
    return [*first.dead_letters, *second.dead_letters]


def harbours(worker: Worker) -> list[Experience]:
    """The experiences of everyone but the clock."""
    return [e for e in worker.standing() if e.tenant_id != "clock"]


def only(found: list[Experience]) -> Experience:
    assert len(found) == 1, found
    return found[0]


def test_record_routing_experience() -> None:
    """The specification's first test of the optimizer: a decision and its outcome give the experience."""
    worker = Worker()
    worker.feed(decision("d1", 0.0, confidence=0.9, modality="video"))
    experience = only(experiences_in(worker.feed(outcome("d1", 1.2))))
    assert experience.reward == pytest.approx(0.923)
    assert experience.outcome == COMPLETE
    assert experience.decision == decision("d1", 0.0, confidence=0.9, modality="video")
    assert epoch_s(experience.occurred_at) == NOON
    assert experience.source == "routing-outcome/0/0"
    assert experience.propensity == 0.5
    assert experience.revision == 0
    assert len(worker.partition.ledger.buffers["harbor"]) == 1


def test_inline_outcome_needs_no_other() -> None:
    worker = Worker()
    experience = only(experiences_in(worker.feed(decision(outcome=COMPLETE))))
    assert experience.reward == pytest.approx(0.923)
    assert experience.source == "routing-decision/0/0"
    assert not worker.partition.join.waiting


def test_a_decision_without_propensity_says_so() -> None:
    worker = Worker()
    experience = only(experiences_in(worker.feed(decision(outcome=COMPLETE, propensity=None))))
    assert experience.propensity is None


def test_fields_that_this_version_does_not_know_travel_on() -> None:
    worker = Worker()
    known = record(decision(outcome=COMPLETE))
    newer = Stored(0, known.timestamp, known.key, (known.value or b"")[:-1] + b',"colour":"red"}')
    outputs = worker.apply("routing-decision", [newer])
    assert b'"colour":"red"' in outputs.experiences[0][1]


def test_early_outcome_waits_for_its_decision() -> None:
    worker = Worker()
    assert worker.feed(outcome("d1", 5.0)).experiences == []
    experience = only(experiences_in(worker.feed(decision("d1", 0.0))))
    assert experience.outcome == COMPLETE
    assert experience.source == "routing-decision/0/0"


def test_early_parts_are_merged() -> None:
    worker = Worker()
    worker.feed(outcome("d1", 5.0, search_quality=0.4), outcome("d1", 6.0, agent_success=True))
    experience = only(experiences_in(worker.feed(decision("d1", 0.0))))
    assert experience.outcome == Signals(search_quality=0.4, agent_success=True)
    assert experience.revision == 0


def test_early_outcome_and_inline_outcome_together() -> None:
    worker = Worker()
    worker.feed(outcome("d1", 5.0, user_satisfaction=0.1))
    inline = Signals(search_quality=0.6, user_satisfaction=0.9)
    experience = only(experiences_in(worker.feed(decision("d1", 0.0, outcome=inline))))
    assert experience.outcome == Signals(search_quality=0.6, user_satisfaction=0.1)


def test_in_parts_quality_now_satisfaction_later() -> None:
    worker = Worker()
    worker.feed(decision("d1"))
    worker.feed(outcome("d1", 1.0, search_quality=0.92, agent_success=True, processing_time_s=1.2))
    worker.feed(outcome("d1", 300.0, user_satisfaction=0.95))
    first, second = worker.standing()
    assert (first.revision, second.revision) == (0, 1)
    assert second.outcome == COMPLETE
    assert second.reward == pytest.approx(0.923)
    buffer = worker.partition.ledger.buffers["harbor"]
    assert [row.reward for row, _ in buffer.sample()] == [second.reward]
    agent = worker.partition.ledger.agents["harbor", "search"]
    assert (agent.experiences, agent.successes, agent.mean_reward) == (1, 1, pytest.approx(0.923))


def test_success_that_comes_later_or_changes_is_counted_once() -> None:
    worker = Worker()
    worker.feed(decision("d1"), outcome("d1", 1.0, search_quality=0.5))
    worker.feed(outcome("d1", 2.0, agent_success=True))
    agent = worker.partition.ledger.agents["harbor", "search"]
    assert (agent.successes, agent.failures) == (1, 0)
    worker.feed(outcome("d1", 3.0, agent_success=False))
    assert (agent.successes, agent.failures, agent.experiences) == (0, 1, 1)


def test_a_part_without_reward_makes_the_next_one_revision_0() -> None:
    """Else the buffer would take the first experience for a revision of one that it left out."""
    worker = Worker()
    worker.feed(decision("d1"))
    assert worker.feed(outcome("d1", 1.0, processing_time_s=0.8)).experiences == []
    assert only(experiences_in(worker.feed(outcome("d1", 2.0, search_quality=0.7)))).revision == 0
    assert len(worker.partition.ledger.buffers["harbor"]) == 1
    worker.feed(outcome("d1", 3.0, agent_success=True))
    revisions = [e.revision for e in worker.standing()]
    assert revisions[0] == 0
    assert revisions[1] > 0
    assert worker.partition.ledger.agents["harbor", "search"].experiences == 1


def test_duplicates_change_nothing() -> None:
    worker = Worker()
    worker.feed(decision("d1"), outcome("d1", 1.0, search_quality=0.5))
    digest = worker.partition.ledger.buffers["harbor"].digest()
    again = [worker.feed(decision("d1")), worker.feed(outcome("d1", 1.0, search_quality=0.5))]
    worker.feed(outcome("d1", 2.0))
    again += [worker.feed(decision("d1")), worker.feed(outcome("d1", 2.0)), worker.feed(outcome("d1", 2.0))]
    assert all(outputs.experiences == outputs.dead_letters == [] for outputs in again)
    assert [e.revision for e in worker.standing()] == [0, 1]
    assert worker.partition.ledger.scopes["harbor", "routing"].experiences == 1
    assert worker.partition.ledger.buffers["harbor"].digest() != digest


def test_reported_twice_the_second_time_with_the_outcome() -> None:
    """Directly, and through telemetry, which knows less: the first report counts, the outcome is added."""
    worker = Worker()
    worker.feed(decision("d1", entities=(Entity("lighthouse"),)))
    second = decision("d1", chosen_agent="summary", propensity=None, outcome=COMPLETE)
    experience = only(experiences_in(worker.feed(second)))
    assert experience.decision == decision("d1", entities=(Entity("lighthouse"),), outcome=COMPLETE)
    assert experience.propensity == 0.5
    assert worker.feed(decision("d1", outcome=COMPLETE)).experiences == []
    assert worker.feed(outcome("d1", 1.0)).experiences == []
    assert worker.partition.ledger.agents["harbor", "search"].experiences == 1


def test_the_second_report_brings_a_part() -> None:
    worker = Worker()
    worker.feed(decision("d1"), decision("d1", 1.0, outcome=Signals(search_quality=0.5)))
    worker.feed(outcome("d1", 2.0, agent_success=True))
    assert [e.outcome for e in worker.standing()] == [
        Signals(search_quality=0.5),
        Signals(search_quality=0.5, agent_success=True),
    ]


@pytest.mark.parametrize("default_reward", [None, 0.25])
def test_a_second_report_with_an_empty_outcome_says_nothing(default_reward: float | None) -> None:
    worker = Worker(Policies(join=JoinPolicy(default_reward=default_reward)))
    assert worker.feed(decision("d1"), decision("d1", outcome=Signals())).experiences == []
    assert only(experiences_in(worker.feed(outcome("d1", 1.0)))).revision == 0


def test_never_is_skipped_by_default() -> None:
    worker = Worker()
    worker.feed(decision("d1"))
    assert passing(worker, 2 * HOUR_S) == []
    assert harbours(worker) == []
    assert "harbor" not in {w.tenant_id for w in worker.partition.join.waiting.values()}


def test_never_gets_the_configured_default() -> None:
    worker = Worker(Policies(join=JoinPolicy(default_reward=0.25)))
    worker.feed(decision("d1"), decision("d2", 1.0))
    passing(worker, 601.5)
    assert [(e.decision_id, e.reward, e.outcome) for e in harbours(worker)] == [("d1", 0.25, Signals())]
    passing(worker, 700.0)
    assert [e.decision_id for e in harbours(worker)] == ["d1", "d2"]
    assert worker.partition.ledger.agents["harbor", "search"].reward_sum == 0.5


def test_a_default_reward_that_a_part_corrects_is_counted_once() -> None:
    worker = Worker(Policies(join=JoinPolicy(default_reward=0.25)))
    worker.feed(decision("d1"), outcome("d1", 1.0, cost=3.0), outcome("d1", 2.0, search_quality=0.5))
    assert [(e.revision, e.reward) for e in worker.standing()] == [(0, 0.25), (1, 0.5)]
    agent = worker.partition.ledger.agents["harbor", "search"]
    assert (agent.experiences, agent.reward_sum) == (1, 0.5)
    assert worker.partition.ledger.scopes["harbor", "routing"].experiences == 1


@pytest.mark.parametrize(("late_s", "fits"), [(600.0, True), (600.5, False), (-600.0, True), (-600.5, False)])
@pytest.mark.parametrize("settled", [False, True])
def test_just_inside_and_outside_the_window(late_s: float, fits: bool, settled: bool) -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=COMPLETE if settled else None))
    outputs = worker.feed(outcome("d1", late_s))
    if fits:
        assert outputs.dead_letters == []
        assert bool(outputs.experiences) is not settled
    else:
        (letter,) = outputs.dead_letters
        assert letter.reason == "too_late"
        assert letter.value == record(outcome("d1", late_s)).value
        assert outputs.experiences == []


def test_after_the_window_an_outcome_is_too_late_whatever_its_time_says() -> None:
    worker = Worker()
    worker.feed(decision("d1"))
    passing(worker, 700.0)
    (letter,) = worker.feed(outcome("d1", 10.0)).dead_letters
    assert letter.reason == "too_late"


def test_an_outcome_of_long_ago_is_too_late() -> None:
    worker = Worker()
    worker.feed(decision("d1"))
    passing(worker, 10 * HOUR_S)
    (letter,) = worker.feed(outcome("unknown", 0.0)).dead_letters
    assert letter.reason == "too_late"


def test_early_outcome_whose_decision_never_comes() -> None:
    worker = Worker()
    worker.feed(outcome("ghost", 0.0, search_quality=0.5), outcome("ghost", 1.0, agent_success=True))
    letters = passing(worker, 700.0)
    assert [(d.reason, d.topic, d.offset) for d in letters] == [
        ("no_decision", "routing-outcome", 0),
        ("no_decision", "routing-outcome", 1),
    ]
    assert letters[0].value == record(outcome("ghost", 0.0, search_quality=0.5)).value
    assert letters[0].key == b"harbor"
    assert epoch_s(letters[1].recorded_at) == NOON + 1.0
    assert not worker.partition.join.outcomes


def test_early_outcome_too_far_from_its_decision_is_refused_when_that_comes() -> None:
    worker = Worker()
    worker.feed(outcome("d1", 0.0, search_quality=0.5), outcome("d1", 300.0, agent_success=True))
    outputs = worker.feed(decision("d1", 650.0))
    assert only(experiences_in(outputs)).outcome == Signals(agent_success=True)
    assert [(d.reason, d.offset) for d in outputs.dead_letters] == [("no_decision", 0)]
    worker.feed(outcome("d2", 0.0, search_quality=0.5))
    outputs = worker.feed(decision("d2", 650.0))
    assert outputs.experiences == []
    assert len(outputs.dead_letters) == 1
    assert only(experiences_in(worker.feed(outcome("d2", 660.0)))).revision == 0


def test_a_decision_older_than_the_memory_is_refused() -> None:
    worker = Worker(Policies(join=JoinPolicy(remember_s=7200)))
    worker.feed(decision("d1", 3 * HOUR_S))
    (letter,) = worker.feed(decision("d2", 0.5 * HOUR_S)).dead_letters
    assert letter.reason == "too_late"
    assert "d2" in letter.message
    assert worker.feed(decision("d3", 1.5 * HOUR_S)).dead_letters == []


def test_a_decision_is_remembered_after_its_window() -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=COMPLETE))
    passing(worker, 20 * HOUR_S)
    assert worker.feed(decision("d1", outcome=COMPLETE)).experiences == []


def test_the_future_is_refused() -> None:
    worker = Worker()
    outputs = worker.apply("routing-decision", [record(decision("d1", 301.0), stamped_at=0.0)])
    (letter,) = outputs.dead_letters
    assert letter.reason == "from_the_future"
    assert worker.partition.now_s == 0.0, "a wrong clock moves no watermark"
    inside = worker.apply("routing-decision", [record(decision("d2", 299.0), 1, stamped_at=0.0)])
    assert inside.dead_letters == []


def test_a_silent_topic_is_not_waited_for() -> None:
    worker = Worker(Policies(join=JoinPolicy(default_reward=0.0)))
    worker.feed(decision("d1"))
    assert worker.feed(decision("d2", 4000.0)).experiences == []
    assert only(experiences_in(worker.feed(decision("d3", 4300.0)))).decision_id == "d1"


def test_a_late_decision_does_not_turn_the_end_of_windows_back() -> None:
    worker = Worker()
    worker.feed(decision("d1"))
    passing(worker, 2 * HOUR_S)
    until_s = worker.partition.join.expired_until_s
    assert until_s > NOON
    worker.feed(decision("late", -HOUR_S))
    assert not worker.partition.join.waiting.keys() - {
        w.hash for w in worker.partition.join.waiting.values() if w.tenant_id == "clock"
    }
    assert worker.partition.join.expired_until_s == until_s


def test_expiry_is_spread_over_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.join_state.EXPIRED_PER_BATCH", 4)
    worker = Worker(Policies(join=JoinPolicy(default_reward=0.5)))
    worker.feed(*(decision(f"d{i}", float(i)) for i in range(10)))
    passing(worker, HOUR_S / 2)
    counts = [len(harbours(worker))]
    for i in range(3):
        worker.feed(outcome("nobody", HOUR_S / 2 + i))
        counts.append(len(harbours(worker)))
    assert counts == [4, 8, 10, 10]


def test_ids_of_two_tenants_are_two_decisions() -> None:
    worker = Worker()
    worker.feed(decision("d1"), decision("d1", tenant_id="museum"))
    outputs = worker.feed(outcome("d1", 1.0, tenant_id="museum", search_quality=0.5))
    assert only(experiences_in(outputs)).tenant_id == "museum"
    assert len(worker.partition.join.waiting) == 2


parts = st.permutations(
    [
        ("outcome", 1.0, {"search_quality": 0.3}),
        ("outcome", 2.0, {"search_quality": 0.8, "cost": 2.0}),
        ("outcome", 3.0, {"agent_success": False}),
        ("outcome", 4.0, {"user_satisfaction": 0.6}),
        ("decision", 0.0, {}),
    ]
)


@given(parts, st.booleans())
def test_order_does_not_matter_in_the_end(order: list[tuple[str, float, Any]], repeats: bool) -> None:
    """The highest revision is everything merged, the newest by event time where two say the same."""
    worker = Worker()
    for kind, at, signals in order:
        event = decision("d1", at) if kind == "decision" else outcome("d1", at, **signals)
        worker.feed(event, *([event] if repeats else []))
    last = final(worker.standing())["harbor", "d1"]
    assert last.outcome == Signals(search_quality=0.8, cost=2.0, agent_success=False, user_satisfaction=0.6)
    assert [row.reward for row, _ in worker.partition.ledger.buffers["harbor"].sample()] == [last.reward]
    agent = worker.partition.ledger.agents["harbor", "search"]
    assert agent.experiences == 1
    assert agent.reward_sum == pytest.approx(last.reward)
    revisions = [e.revision for e in worker.standing()]
    assert revisions == sorted(set(revisions))


def test_an_experience_for_a_window_that_is_gone_is_published_but_not_kept() -> None:
    policies = Policies(buffer=BufferPolicy(window_s=60, windows=2))
    worker = Worker(policies)
    worker.feed(decision("d1", 0.0), decision("d2", 500.0))
    assert len(experiences_in(worker.feed(outcome("d1", 1.0)))) == 1
    assert "harbor" not in worker.partition.ledger.buffers
