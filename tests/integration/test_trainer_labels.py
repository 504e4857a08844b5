"""Labels reach training through Kafka: those in the trigger's range, for ever the same."""

from datetime import timedelta

import pytest
from msgspec import structs

from signalbox.connection import Connection
from signalbox.events import Annotation, OffsetRange, encode
from signalbox.topics import ANNOTATION, ROUTING_EXPERIENCE
from streams.settings import Settings
from streams.trainer.job import run_job
from streams.trainer.verify import verify_answer
from streams.worker.policies import policies_from
from tests.integration.trainer_support import producer_on, send_triggers, trainer_on, wait_for_results
from tests.streams.test_trainer_labels import wrong
from tests.streams.trainer_jobs import START, experiences_of, last_job

pytestmark = pytest.mark.integration


async def test_a_late_label_changes_no_earlier_answer_and_counts_in_the_next(
    connection: Connection, settings: Settings
) -> None:
    job, topic = last_job(1500, policies_from(settings)), settings.topic(ANNOTATION)
    failed = [item for item in experiences_of(job) if item.reward < 0.5][:41]
    late = structs.replace(failed[40])
    superseding = Annotation(
        tenant_id="acme",
        occurred_at=START + timedelta(days=2),
        decision_id=failed[0].decision_id,
        annotator="alice",
        kind="human",
        label="insufficient_info",
    )
    async with producer_on(connection) as producer, trainer_on(connection, settings, run_job):
        for record in job.records:
            await producer.send(settings.topic(ROUTING_EXPERIENCE), record, b"acme", partition=0)
        await producer.flush()

        async def publish(value: bytes) -> int:
            return (await producer.send_and_wait(topic, value, b"acme", partition=0)).offset + 1

        ends = [await publish(wrong(item)) for item in failed[:40]]
        first = structs.replace(
            job.trigger,
            trigger_id="first",
            ranges=(*job.trigger.ranges, OffsetRange(topic=topic, partition=0, start=0, end=ends[-1])),
        )
        await send_triggers(producer, settings, [first])
        (found,) = await wait_for_results(connection, settings, 1)
        assert (found.verdict, found.annotations) == ("promoted", 40), found.message

        await publish(wrong(late))
        end = await publish(encode(superseding))
        again = await verify_answer(connection, settings, "acme", "routing", "first")
        assert again.is_same and again.digest == found.digest
        assert again.again.result.annotations == 40

        second = structs.replace(
            first,
            trigger_id="second",
            champion_digest=found.digest,
            ranges=(*job.trigger.ranges, OffsetRange(topic=topic, partition=0, start=0, end=end)),
        )
        await send_triggers(producer, settings, [second])
        results = await wait_for_results(connection, settings, 2)
    # One that was new, and one that its annotator took back.
    assert {each.trigger_id: each.annotations for each in results}["second"] == 40
