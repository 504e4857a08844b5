"""What is recovered from the changelog goes on as if nothing had happened."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.buffer import ReplayBuffer
from processors.changelog import META, changes, recover
from processors.partition import Outputs, Partition
from processors.policies import Policies
from signalbox import topics
from signalbox.errors import Stop
from tests.processors.builders import (
    COMPLETE,
    Worker,
    batches_of,
    decision,
    final,
    log_of,
    outcome,
)
from tests.processors.traffic import (
    TENANTS,
    answers,
    calm_events,
    random_sizes,
    rest_of,
    seeds,
    small_limits,
    small_policies,
    wild_events,
)


def digests(partition: Partition) -> dict[str, str]:
    return {key: buffer.digest() for key, buffer in partition.ledger.buffers.items() if buffer}


def state_of(partition: Partition) -> dict[str, Any]:
    """Everything that the future depends on."""
    ledger, join = partition.ledger, partition.join

    def sample(buffer: ReplayBuffer) -> Any:
        return {start: (window.rows, window.left_out) for start, window in buffer.windows.items()}

    return {
        "batch": partition.batch,
        "cursors": partition.cursors,
        "event_s": partition.event_s,
        "experiences_end": partition.experiences_end,
        "waiting": join.waiting,
        "outcomes": join.outcomes,
        "settled": join.settled,
        "seen": len(join.seen),
        "expired_until_s": join.expired_until_s,
        "buffers": {key: sample(buffer) for key, buffer in ledger.buffers.items() if buffer},
        "agents": {place: agent.row() for place, agent in ledger.agents.items()},
        "scopes": {place: scope.row() for place, scope in ledger.scopes.items()},
        "labels": {key: sorted(partition.labels.of(key), key=lambda row: row.place) for key in TENANTS},
        "former_offsets": partition.former_offsets,
        "cycles": {
            key: (each.row(), each.spans.row(), each.requested.row())
            for key, each in partition.cycles.tenants.items()
        },
    }


def given_by(outputs: Outputs) -> Any:
    return outputs.experiences, outputs.dead_letters, outputs.applied, outputs.orders


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([None, 0.25]), st.integers(0, 10))
def test_a_restarted_worker_goes_on_as_an_undisturbed_one(
    seed: int, default_reward: float | None, restarts_in_ten: int
) -> None:
    """State after every batch, and all that later batches give, are identical."""
    random = Random(seed)
    policies = small_policies(default_reward)
    undisturbed, restarted = Worker(policies), Worker(policies)
    events = wild_events(random, 60)
    with small_limits():
        for batch in batches_of(log_of(events), random_sizes(random)):
            known = len(undisturbed.triggers)
            pending = [batch]
            while pending:
                topic, records = pending.pop(0)
                expected = undisturbed.apply(topic, records)
                if random.randrange(10) < restarts_in_ten:
                    restarted.restart("again")
                    # The run's name is all in which they may differ.
                    restarted.partition.run = undisturbed.partition.run
                assert given_by(restarted.apply(topic, records)) == given_by(expected)
                assert restarted.triggers == undisturbed.triggers
                pending += answers(undisturbed, known, random)
                known = len(undisturbed.triggers)
            assert state_of(restarted.partition) == state_of(undisturbed.partition)
        recovered = recover(0, policies, "late", undisturbed.changelog)
        assert state_of(recovered) == state_of(undisturbed.partition)


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([None, 0.25]))
def test_a_crash_before_the_state_was_written_changes_no_result(
    seed: int, default_reward: float | None
) -> None:
    """What the dead published is void, and other batches of the same records give the same in the end."""
    random = Random(seed)
    policies = small_policies(default_reward)
    undisturbed, killed = Worker(policies), Worker(policies)
    batches = list(batches_of(log_of(calm_events(random, 40)), random_sizes(random)))
    for topic, records in batches:
        undisturbed.apply(topic, records)
    deaths = 0
    while rest := rest_of(batches, killed):
        for topic, records in batches_of(rest, random_sizes(random)):
            dies = random.random() < 0.15
            killed.apply(topic, records, dies=dies)
            if dies:
                deaths += 1
                killed.restart(f"after-{deaths}")
                break
    found, expected = final(killed.standing()), final(undisturbed.standing())
    assert {place: (e.reward, e.outcome) for place, e in found.items()} == {
        place: (e.reward, e.outcome) for place, e in expected.items()
    }
    assert digests(killed.partition) == digests(undisturbed.partition)
    assert len(killed.standing()) == len(undisturbed.standing())


def test_an_empty_changelog_gives_an_empty_partition() -> None:
    partition = recover(3, Policies(), "x", {})
    assert (partition.number, partition.batch, partition.cursors) == (3, 0, {})
    assert partition.run == "1-x"
    assert partition.now_s == 0.0


def test_a_changelog_that_has_lost_a_record_is_not_recovered() -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=COMPLETE))
    del worker.changelog["agent/harbor/search"]
    with pytest.raises(Stop, match="partition 0: its changelog has"):
        worker.restart("second")


def test_every_batch_writes_its_cursor() -> None:
    worker = Worker()
    worker.feed(decision("d1"))
    worker.restart("second")
    assert META in worker.changelog
    assert worker.partition.cursors == {topics.ROUTING_DECISION: 1}
    assert worker.partition.run == "1-second", "no experience was made, so all before batch 1 stand"


def test_refused_records_move_the_cursor_too() -> None:
    worker = Worker()
    worker.feed(decision("d1", key := 0.0), outcome("d1", key + 5000.0))
    worker.restart("second")
    assert worker.partition.cursors == {topics.ROUTING_DECISION: 1, topics.ROUTING_OUTCOME: 1}


def test_a_second_early_part_is_recovered_with_the_first() -> None:
    worker = Worker()
    worker.feed(outcome("d1", 1.0, search_quality=0.4), outcome("d1", 2.0, agent_success=True))
    worker.restart("second")
    worker.feed(decision("d1"))
    (experience,) = worker.standing()
    assert (experience.outcome.search_quality, experience.outcome.agent_success) == (0.4, True)


def test_an_outcome_that_expired_before_its_decision_stays_dead() -> None:
    worker = Worker()
    worker.feed(outcome("d1", 0.0, search_quality=0.4), outcome("other", 700.0))
    worker.feed(decision("clock", 650.0))
    worker.feed(decision("d1", 500.0))
    for _ in range(2):
        assert not worker.partition.join.outcomes.keys() & worker.partition.join.waiting.keys()
        worker.restart("second")
    worker.feed(outcome("d1", 660.0, search_quality=0.9))
    assert [(e.revision, e.outcome.search_quality) for e in worker.standing()] == [(0, 0.9)]


def test_what_is_written_does_not_grow_with_what_is_kept() -> None:
    """O(1) bytes an event, in batches of ten, over 6,000 decisions, buffered, pending and remembered."""
    worker = Worker()
    per_part = []
    for part in range(6):
        before = worker.changelog_bytes
        events: list[Any] = []
        for i in range(1000):
            name, at = f"d{part}-{i}", (part * 1000 + i) * 0.5
            events.append(decision(name, at, outcome=COMPLETE if i % 2 else None))
        start = worker.partition.cursors.get(topics.ROUTING_DECISION, 0)
        log = [(topic, _moved(each, start)) for topic, each in log_of(events)]
        for topic, records in batches_of(log, iter(lambda: 10, None)):
            worker.apply(topic, records)
        per_part.append((worker.changelog_bytes - before) / 1000)
    assert max(per_part) < 1200
    assert per_part[-1] < 1.5 * per_part[1] + 100


def _moved(each: Any, by: int) -> Any:
    return type(each)(each.offset + by, each.timestamp, each.key, each.value)


def test_what_no_batch_changed_is_not_written() -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=COMPLETE))
    partition = worker.partition
    partition.apply(topics.ROUTING_OUTCOME, [])
    assert set(changes(partition)) == {META}


@pytest.mark.parametrize("agent", ["a/b", "ümläut", "agent with spaces", "x" * 128])
def test_any_agent_name_survives(agent: str) -> None:
    worker = Worker()
    worker.feed(decision("d1", candidate_agents=(agent,), chosen_agent=agent, outcome=COMPLETE))
    before = state_of(worker.partition)
    worker.restart("second")
    assert state_of(worker.partition) == before
