"""Labels on a partition: the newest of an annotator counts, repeats don't, and fifty ask for a training."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.identity import decision_hash
from processors.policies import Policies
from processors.trigger import TriggerPolicy
from signalbox.events import OptimizationTrigger, moment_at
from tests.processors.builders import COMPLETE, NOON, Worker, annotation, decision, result

DAY_S = 86_400.0
FEW = Policies(trigger=TriggerPolicy(min_annotations=2, min_experiences=1000))


def labelled(worker: Worker) -> dict[int, str]:
    return {row.decision: row.label for row in worker.partition.labels.of("harbor")}


def test_a_newer_label_supersedes_and_an_older_one_that_comes_late_does_not() -> None:
    worker = Worker()
    worker.feed(annotation(at=10.0), annotation(at=30.0, label="correct_routing"), annotation(at=20.0))
    assert labelled(worker) == {decision_hash("harbor", "d1"): "correct_routing"}
    assert worker.partition.ledger.scopes["harbor", "routing"].labels == 2


def test_a_repeat_counts_once() -> None:
    worker = Worker()
    worker.feed(annotation(), annotation(), annotation(annotator="bob"))
    assert worker.partition.ledger.scopes["harbor", "routing"].labels == 2


def test_labels_are_forgotten_when_the_log_is_also_after_a_restart() -> None:
    worker = Worker()
    worker.feed(annotation("old"), annotation("changed"))
    worker.feed(annotation("changed", 5 * DAY_S), annotation("new", 9 * DAY_S))
    expected = {decision_hash("harbor", name) for name in ("changed", "new")}
    assert set(labelled(worker)) == expected
    worker.restart("second")
    assert set(labelled(worker)) == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    random = Random(seed)
    events = [
        annotation(
            random.choice("abc"),
            at,
            annotator=random.choice(("alice", "bob")),
            label=random.choice(("correct_routing", "wrong_routing")),
        )
        for at in random.sample(range(100), 12)
    ]
    one, other = Worker(), Worker()
    one.feed(*events)
    other.feed(*random.sample(events, len(events)))

    def found(worker: Worker) -> dict[tuple[int, str], str]:
        return {(row.decision, row.annotator): row.label for row in worker.partition.labels.of("harbor")}

    assert found(one) == found(other)


def asked_by_labels(worker: Worker) -> OptimizationTrigger:
    worker.feed(*(annotation(f"d{i}", 100.0 + i) for i in range(2)))
    return worker.triggers[-1]


def test_enough_new_labels_ask_for_a_training_and_say_where_they_lie() -> None:
    worker = Worker(FEW)
    worker.feed(decision("d0", outcome=COMPLETE), annotation("elsewhere", 1.0))
    assert worker.triggers == []
    trigger = asked_by_labels(worker)
    assert trigger.reasons == ("annotations",)
    experiences, labels = trigger.ranges
    assert (experiences.topic, experiences.start, experiences.end) == ("routing-experience", 0, 1)
    assert (labels.topic, labels.start, labels.end) == ("annotation", 0, 2)
    assert worker.partition.tenants()["harbor"].totals.optimizations_triggered == 1
    worker.feed(annotation("d9", 200.0))
    assert len(worker.triggers) == 1


def test_a_label_on_an_old_decision_makes_training_read_back_to_it() -> None:
    worker = Worker(FEW)
    for hour in range(40):
        worker.feed(decision(f"d{hour}", hour * 3600.0, outcome=COMPLETE))
    worker.restart("second")
    first_kept = worker.partition.first_offsets[min(worker.partition.first_offsets)]
    assert first_kept > 10
    told = moment_at(NOON + 5 * 3600.0)
    worker.feed(*(annotation(f"d{i}", 40 * 3600.0, decided_at=told) for i in (5, 6)))
    assert "annotations" in worker.triggers[-1].reasons
    assert worker.triggers[-1].ranges[0].start == 5
    worker.feed(result(worker.triggers[-1].trigger_id), decision("next", 41 * 3600.0, outcome=COMPLETE))
    worker.feed(*(annotation(f"x{i}", 41 * 3600.0, decided_at=None) for i in (1, 2)))
    assert worker.triggers[-1].ranges[0].start == min(worker.partition.first_offsets.values()) > first_kept
