"""Labels are a part of a training's job: the same ones give the same bytes, and none give those of before."""

from datetime import timedelta

from msgspec import structs

from models.configuration import TrainingConfiguration
from processors.policies import Policies
from signalbox.events import Annotation, Experience, encode
from signalbox.policy import unpack
from streams.settings import load_settings
from streams.trainer.job import Answer, TrainingJob, attempt, run_job
from streams.worker.policies import training_configuration
from tests.streams.trainer_jobs import START, experiences_of, last_job

POLICIES = Policies(configuration=TrainingConfiguration().to_dict())


def wrong(item: Experience, annotator: str = "alice") -> bytes:
    return encode(
        Annotation(
            tenant_id="acme",
            occurred_at=START + timedelta(days=1),
            decision_id=item.decision_id,
            annotator=annotator,
            kind="human",
            label="wrong_routing",
            suggested_agent=next(a for a in item.decision.candidate_agents if a != item.decision.chosen_agent),
        )
    )


def answered(job: TrainingJob, *labels: bytes) -> Answer:
    return attempt(run_job, TrainingJob(job.trigger, job.records, job.champion, annotations=labels))


def test_the_same_labels_give_the_same_bytes_and_are_counted() -> None:
    job = last_job(1500, POLICIES)
    good = [item for item in experiences_of(job) if item.reward < 0.5][:60]
    labels = [wrong(item) for item in good]
    one, other = answered(job, *labels), answered(job, *labels[::-1], *labels)
    assert one.result.annotations == 60
    assert (one.artifact, one.result) == (other.artifact, other.result)
    assert one.artifact is not None
    assert one.artifact != answered(job).artifact


def test_a_trigger_of_an_earlier_version_gives_a_lineage_in_its_own_words() -> None:
    job = last_job(1500, POLICIES)
    new = ("min_agreement", "time_penalty", "time_half_s")
    early = {name: value for name, value in job.trigger.configuration.items() if name not in new}
    found = answered(with_configuration(job, early))
    assert found.artifact is not None
    assert unpack(found.artifact).manifest.lineage.configuration == early | {"seed": job.trigger.seed}
    assert found.result.annotations == 0


def test_the_workers_settings_reach_the_join() -> None:
    settings = load_settings(processing_time_penalty=0.2, processing_time_half_s=5.0, min_agreement=0.8)
    told = training_configuration(settings)
    assert (told.time_penalty, told.time_half_s, told.min_agreement) == (0.2, 5.0, 0.8)


def with_configuration(job: TrainingJob, configuration: dict[str, object]) -> TrainingJob:
    return TrainingJob(structs.replace(job.trigger, configuration=configuration), job.records, job.champion)
