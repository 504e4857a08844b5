"""Which triggers of programs wait, and how far may be committed."""

from aiokafka import TopicPartition

from streams.trainer.program_queue import ProgramQueue
from tests.integration.program_support import program_trigger

FIRST, SECOND = TopicPartition("triggers", 0), TopicPartition("triggers", 1)


def test_records_for_others_may_be_committed_at_once() -> None:
    queue = ProgramQueue()
    for offset in range(3):
        queue.read(FIRST, offset, None)
    assert queue.next() is None
    assert queue.committable() == {FIRST: 3}


def test_what_waits_holds_its_partition_back_until_it_is_answered() -> None:
    queue = ProgramQueue()
    queue.read(FIRST, 4, program_trigger(1))
    queue.read(FIRST, 5, program_trigger(2, tenant_key="globex"))
    queue.read(FIRST, 6, None)
    queue.read(SECOND, 9, None)
    first = queue.next()
    assert first is not None
    assert queue.committable() == {FIRST: 4, SECOND: 10}
    assert queue.committable(besides=first) == {FIRST: 5, SECOND: 10}
    queue.answered(first)
    second = queue.next()
    assert second is not None
    assert (second.trigger.tenant_key, queue.committable(besides=second)[FIRST]) == ("globex", 7)


def test_a_newer_trigger_of_the_same_tenant_and_scope_supersedes() -> None:
    queue = ProgramQueue()
    for offset, changes in enumerate(({}, {"tenant_key": "globex"}, {"scope": "program:modality"}, {})):
        queue.read(FIRST, offset, program_trigger(offset, **changes))
    found = [each.superseded_by for each in queue.waiting]
    assert found == ["trigger-3/program", None, None, None]


def test_an_older_trigger_that_is_read_again_supersedes_nothing() -> None:
    queue = ProgramQueue()
    queue.read(FIRST, 5, program_trigger(2))
    queue.read(FIRST, 3, program_trigger(1))
    assert [each.superseded_by for each in queue.waiting] == [None, None]


def test_reading_again_changes_nothing_and_a_lost_partition_is_forgotten() -> None:
    queue = ProgramQueue()
    for _ in range(2):
        queue.read(FIRST, 0, program_trigger(1))
        queue.read(SECOND, 0, program_trigger(2, tenant_key="globex"))
    kept, lost = queue.waiting
    queue.keep([FIRST])
    assert queue.waiting == [kept]
    assert (kept.is_ours, lost.is_ours) == (True, False)
    assert queue.committable() == {FIRST: 0}
    queue.answered(lost)
    queue.answered(kept)
    assert queue.next() is None
