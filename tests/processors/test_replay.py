"""The processors over recorded records, with a journal and without one."""

from __future__ import annotations

from processors.changelog import recover
from processors.journal import JournalEntry
from processors.policies import Policies
from processors.replay import UNJOURNALED_BATCH, UNJOURNALED_RUN, in_recorded_order, replay
from processors.trigger import TriggerPolicy
from signalbox import topics
from tests.processors.builders import COMPLETE, Stored, Worker, decision, log_of, outcome
from tests.processors.test_changelog import digests


def by_topic(log: list[tuple[str, Stored]]) -> dict[str, list[Stored]]:
    found: dict[str, list[Stored]] = {}
    for topic, each in log:
        found.setdefault(topic, []).append(each)
    return found


def test_without_a_journal_records_are_taken_in_the_order_of_their_stamps() -> None:
    events = [decision("d1"), outcome("d1", 5.0), decision("d2", 6.0), decision("d3", 7.0), outcome("d2", 8.0)]
    entries = list(in_recorded_order(by_topic(log_of(events))))
    assert [(e.batch, e.topic, e.start, e.end) for e in entries] == [
        (1, topics.ROUTING_DECISION, 0, 1),
        (2, topics.ROUTING_OUTCOME, 0, 1),
        (3, topics.ROUTING_DECISION, 1, 3),
        (4, topics.ROUTING_OUTCOME, 1, 2),
    ]
    assert {e.run for e in entries} == {UNJOURNALED_RUN}
    assert list(in_recorded_order({})) == []


def test_long_stretches_of_one_topic_are_cut() -> None:
    log = log_of([decision(f"d{i}", float(i)) for i in range(UNJOURNALED_BATCH + 5)])
    assert [(e.start, e.end) for e in in_recorded_order(by_topic(log))] == [(0, 500), (500, 505)]


def test_a_replay_without_a_journal_gives_what_a_worker_gives_in_that_order() -> None:
    policies = Policies(trigger=TriggerPolicy(min_experiences=5, update_frequency=2, timeout_s=0))
    events = [e for i in range(20) for e in (decision(f"d{i}", i * 40.0), outcome(f"d{i}", i * 40.0 + 9))]
    log = log_of(events)
    worker = Worker(policies)
    worker.feed(*events)
    done = replay(0, policies, topics.ROUTING_EXPERIENCE, list(in_recorded_order(by_topic(log))), by_topic(log))
    assert done.experience_count == len(worker.experiences) == 20
    assert digests(done.partition) == digests(worker.partition)
    assert [t.buffer_digest for t in done.triggers] == [t.buffer_digest for t in worker.triggers]
    assert len(done.triggers) == 8


def test_a_trigger_is_not_made_by_batches_that_did_not_touch_its_scope() -> None:
    """The worker looks at the scopes that a batch touched; a replay must not look at more."""
    policies = Policies(
        trigger=TriggerPolicy(min_experiences=1, update_frequency=1, timeout_s=0, cool_down_s=60)
    )
    events = [
        decision("d1", outcome=COMPLETE),
        decision("d2", 10.0, outcome=COMPLETE),
        outcome("nobody", 100.0),
        decision("d3", 200.0, outcome=COMPLETE),
    ]
    log = log_of(events)
    worker = Worker(policies)
    worker.feed(*events)
    done = replay(0, policies, topics.ROUTING_EXPERIENCE, list(in_recorded_order(by_topic(log))), by_topic(log))
    # Without a journal the first two decisions are one batch; what matters is that none comes at 100 s.
    assert [t.occurred_at for t in done.triggers][1:] == [t.occurred_at for t in worker.triggers][1:]
    assert len(worker.triggers) == 2


def test_records_of_an_entry_that_were_applied_before_give_nothing() -> None:
    log = by_topic(log_of([decision("d1", outcome=COMPLETE)]))
    entry = JournalEntry(run="1-a", batch=1, topic=topics.ROUTING_DECISION, start=0, end=1)
    again = JournalEntry(run="1-a", batch=2, topic=topics.ROUTING_DECISION, start=1, end=1)
    done = replay(0, Policies(), topics.ROUTING_EXPERIENCE, [entry, again], log)
    assert done.experience_count == 1
    assert done.dead_letters == []


def test_a_number_of_experiences_that_differs_is_seen_and_survived() -> None:
    log = by_topic(log_of([decision("d1", outcome=COMPLETE)]))
    entry = JournalEntry(run="1-a", batch=1, topic=topics.ROUTING_DECISION, start=0, end=1)
    done = replay(0, Policies(), topics.ROUTING_EXPERIENCE, [entry], log, published={1: [7, 8]})
    assert done.experiences[1]
    assert done.partition.experiences_end == 1
    agreed = replay(0, Policies(), topics.ROUTING_EXPERIENCE, [entry], log, published={1: [7]})
    assert agreed.partition.experiences_end == 8


def test_a_recovered_partition_of_a_replayed_one_is_the_same() -> None:
    worker = Worker()
    worker.feed(decision("d1", outcome=COMPLETE), decision("d2", 5.0))
    assert digests(recover(0, worker.policies, "x", worker.changelog)) == digests(worker.partition)
