"""The benchmark's traffic is what it says it is."""

from __future__ import annotations

from collections import Counter
from statistics import fmean

from aiokafka.partitioner import murmur2

from benchmarks.throughput.events import PARTITIONS, traffic
from signalbox.events import RoutingDecision, RoutingOutcome, decode
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME

KINDS = {ROUTING_DECISION: RoutingDecision, ROUTING_OUTCOME: RoutingOutcome}


def test_events_are_valid_of_the_stated_size_and_evenly_spread() -> None:
    events = list(traffic(800, seed=1))
    assert len(events) == 1600
    for event in events:
        decode(KINDS[event.topic], event.value)
        assert (murmur2(event.key) & 0x7FFFFFFF) % PARTITIONS == event.partition
    for topic, size in ((ROUTING_DECISION, 593), (ROUTING_OUTCOME, 284)):
        assert abs(fmean(len(e.value) for e in events if e.topic == topic) - size) < 15
    assert set(Counter((e.topic, e.partition) for e in events).values()) == {100}


def test_every_decision_has_one_outcome_after_it() -> None:
    decided: dict[str, float] = {}
    known = 0
    for event in traffic(300, seed=2):
        if event.topic == ROUTING_DECISION:
            decision = decode(RoutingDecision, event.value)
            decided[decision.decision_id] = decision.occurred_at.timestamp()
        else:
            outcome = decode(RoutingOutcome, event.value)
            assert 0 < outcome.occurred_at.timestamp() - decided.pop(outcome.decision_id) <= 20
            known += 1
    assert known == 300
    assert not decided
