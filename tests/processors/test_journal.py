"""The order in which a partition's records were applied."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings

from processors.changelog import recover
from processors.journal import JournalEntry, applied, encode_entry
from processors.replay import replay
from signalbox import topics
from signalbox.events import Experience, decode
from tests.processors.builders import Stored, Worker, batches_of, log_of
from tests.processors.test_changelog import state_of
from tests.processors.traffic import random_sizes, rest_of, seeds, small_policies, wild_events


def entry(run: str, batch: int, start: int = 0, end: int = 1) -> JournalEntry:
    return JournalEntry(run=run, batch=batch, topic=topics.ROUTING_DECISION, start=start, end=end)


def test_entries_travel_as_json_and_void_ones_are_left_out() -> None:
    written = [entry("1-a", 1), entry("1-a", 2, 1, 4), entry("2-b", 2, 1, 2), entry("2-b", 3, 2, 4)]
    assert applied(map(encode_entry, written)) == [written[0], written[2], written[3]]


def test_a_frozen_worker_that_wakes_up_does_not_void_what_its_successor_did() -> None:
    before = [entry("1-a", 1), entry("1-a", 2), entry("3-b", 3), entry("3-b", 4), entry("3-b", 5)]
    late, never_seen = entry("1-a", 3), entry("2-z", 2)
    written = [*before, late, entry("3-b", 6), never_seen, entry("3-b", 7)]
    assert applied(map(encode_entry, written)) == [*before, written[6], written[8]]


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_who_follows_the_journal_arrives_at_the_workers_state(seed: int) -> None:
    """Whatever died in between, and in whatever batches it was done again."""
    random = Random(seed)
    worker = Worker(small_policies(0.25 if seed % 2 else None))
    log = log_of(wild_events(random, 80))
    batches = list(batches_of(log, random_sizes(random)))
    journal: list[bytes] = []
    deaths = 0
    while rest := rest_of(batches, worker):
        for topic, records in batches_of(rest, random_sizes(random)):
            start, run = worker.partition.cursors.get(topic, 0), worker.partition.run
            dies = random.random() < 0.15
            worker.apply(topic, records, dies=dies)
            end, batch = worker.partition.cursors[topic], worker.partition.batch
            journal.append(encode_entry(JournalEntry(run=run, batch=batch, topic=topic, start=start, end=end)))
            if dies:
                deaths += 1
                worker.restart(f"after-{deaths}")
                break
    by_topic: dict[str, list[Stored]] = {}
    for topic, each in log:
        by_topic.setdefault(topic, []).append(each)
    entries = applied(journal)
    runs = {each.batch: each.run for each in entries}
    published: dict[int, list[int]] = {}
    stand = []
    for offset, (_, value) in enumerate(worker.experiences):
        experience = decode(Experience, value)
        if runs.get(experience.batch) == experience.run:
            published.setdefault(experience.batch, []).append(offset)
            stand.append(value)
    done = replay(0, worker.policies, topics.ROUTING_EXPERIENCE, entries, by_topic, published)
    assert [value for batch in sorted(done.experiences) for value in done.experiences[batch]] == stand
    assert [decode(Experience, value) for value in stand] == worker.standing()
    assert done.triggers == [t for t in worker.triggers if runs.get(t.batch) == t.run]
    assert state_of(done.partition) == state_of(recover(0, worker.policies, "late", worker.changelog))
