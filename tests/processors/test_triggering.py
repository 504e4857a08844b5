"""A trigger says exactly what to read, so that whoever reads it finds what the worker had."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings

from processors.buffer import BufferPolicy, ReplayBuffer
from processors.identity import decision_hash
from processors.policies import Policies
from processors.trigger import TriggerPolicy
from processors.window import Row, stratum_of
from signalbox import topics
from signalbox.events import Experience, OptimizationTrigger, decode, encode, epoch_s
from signalbox.standing import standing
from tests.processors.builders import COMPLETE, NOON, Worker, batches_of, decision, log_of, outcome
from tests.processors.traffic import answers, random_sizes, rest_of, seeds, small_policies, wild_events


def buffer_read_from(worker: Worker, trigger: OptimizationTrigger) -> ReplayBuffer:
    """The replay buffer as a trainer finds it: all that stands in the range, of this key, in live windows."""
    policy = BufferPolicy(trigger.window_s, len(trigger.windows), trigger.window_capacity)
    span, *_ = trigger.ranges
    log = [(key, decode(Experience, value)) for key, value in worker.experiences[span.start : span.end]]
    origins = [(e.run, e.batch) for _, e in log] + [(trigger.run, trigger.batch)]
    places = standing(range(len(origins)), lambda i: origins[i][0], lambda i: origins[i][1])
    buffer = ReplayBuffer(policy)
    for key, each in (log[i] for i in places if i < len(log)):
        occurred_s = epoch_s(each.occurred_at)
        if key.decode() == trigger.tenant_key and policy.window_of(occurred_s) in trigger.windows:
            stratum = stratum_of(each.decision.chosen_agent, each.decision.modality, each.reward)
            identity = decision_hash(each.tenant_id, each.decision_id)
            buffer.add(occurred_s, Row(identity, each.reward, each.revision, stratum))
    return buffer


def check_all(worker: Worker) -> None:
    for trigger in worker.triggers:
        encode(trigger)
        if trigger.trial_digest:
            assert (trigger.windows, trigger.buffer_digest) == ((), "")
        else:
            assert buffer_read_from(worker, trigger).digest() == trigger.buffer_digest


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_what_is_read_from_the_ranges_has_the_digest(seed: int) -> None:
    random = Random(seed)
    worker = Worker(small_policies(0.25 if seed % 2 else None))
    for topic, records in batches_of(log_of(wild_events(random, 100)), random_sizes(random)):
        known = len(worker.triggers)
        worker.apply(topic, records)
        for answer in answers(worker, known, random):
            worker.apply(*answer)
    check_all(worker)
    for trigger in worker.triggers:
        buffer = worker.policies.buffer
        if trigger.windows:
            assert max(trigger.windows) - min(trigger.windows) <= (buffer.windows - 1) * buffer.window_s
        assert trigger.ranges[0].end <= len(worker.experiences)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_what_is_read_after_crashes_has_the_digest(seed: int) -> None:
    """Also where a dead run's experiences lie between those that count."""
    random = Random(seed)
    worker = Worker(small_policies(0.25 if seed % 2 else None))
    batches = list(batches_of(log_of(wild_events(random, 80)), random_sizes(random)))
    deaths = 0
    while rest := rest_of(batches, worker):
        for topic, records in batches_of(rest, random_sizes(random)):
            dies = random.random() < 0.1
            worker.apply(topic, records, dies=dies)
            if dies:
                deaths += 1
                worker.restart(f"after-{deaths}")
                break
    check_all(worker)


def test_the_range_begins_with_the_oldest_live_window() -> None:
    worker = Worker(
        Policies(
            buffer=BufferPolicy(window_s=60, windows=2, capacity=10),
            trigger=TriggerPolicy(min_experiences=4, update_frequency=1, cool_down_s=0, timeout_s=0),
        )
    )
    for i in range(6):
        worker.feed(decision(f"d{i}", i * 40.0, outcome=COMPLETE))
    first, *_, last = worker.triggers
    span = last.ranges[0]
    assert (span.topic, span.partition, span.start, span.end) == (topics.ROUTING_EXPERIENCE, 0, 4, 6)
    assert [w - int(NOON) // 60 * 60 for w in last.windows] == [180, 240]
    assert (first.ranges[0].end, first.experiences) == (4, 4)
    assert epoch_s(last.occurred_at) == NOON + 200.0


def test_a_trigger_carries_what_training_needs() -> None:
    policies = Policies(
        trigger=TriggerPolicy(min_experiences=1), seed=7, code_version="9.9", configuration={"rate": 0.5}
    )
    worker = Worker(policies)
    worker.feed(decision("d1", outcome=COMPLETE))
    (trigger,) = worker.triggers
    assert (trigger.seed, trigger.code_version, trigger.configuration) == (
        7,
        "9.9",
        {"rate": 0.5, "cost_weight": 0.0},
    )
    assert (trigger.run, trigger.batch) == (worker.partition.run, 1)
    assert decode(OptimizationTrigger, encode(trigger)) == trigger


def test_a_repeat_after_a_crash_is_another_trigger() -> None:
    worker = Worker(Policies(trigger=TriggerPolicy(min_experiences=1)))
    ((topic, each),) = log_of([decision("d1", outcome=COMPLETE)])
    worker.apply(topic, [each], dies=True)
    worker.restart("second")
    worker.apply(topic, [each])
    dead, alive = worker.triggers
    assert dead.trigger_id != alive.trigger_id
    assert dead.buffer_digest == alive.buffer_digest
    check_all(worker)


def test_a_batch_without_experiences_gives_a_trigger_when_a_timeout_is_over() -> None:
    worker = Worker(Policies(trigger=TriggerPolicy(min_experiences=1, update_frequency=1, timeout_s=100)))
    worker.feed(decision("d1", outcome=COMPLETE), decision("d2", 1.0, outcome=COMPLETE))
    worker.feed(decision("d3", 50.0))
    assert len(worker.triggers) == 1
    worker.feed(outcome("d3", 150.0, search_quality=0.5))
    assert len(worker.triggers) == 2
    check_all(worker)
