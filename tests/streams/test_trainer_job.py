"""What the worker's processors give is what the trainer finds, learns from, and gives the same answer to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from processors.buffer import BufferPolicy
from processors.policies import Policies
from signalbox.errors import Unusable
from signalbox.policy import digest_of, unpack
from streams.trainer.job import Answer, TrainingJob, attempt, run_job, stale
from streams.trainer.replay_buffer import materialise, sample
from tests.streams.trainer_jobs import experiences_of, last_job


@settings(max_examples=15, deadline=None)
@given(
    count=st.integers(60, 160),
    capacity=st.integers(1, 40),
    windows=st.integers(1, 5),
    minutes_apart=st.sampled_from([0.1, 3.0, 40.0]),
)
def test_the_buffer_is_what_the_worker_had(
    count: int, capacity: int, windows: int, minutes_apart: float
) -> None:
    policies = Policies(buffer=BufferPolicy(capacity=capacity, windows=windows))
    job = last_job(count, policies, minutes_apart=minutes_apart)
    buffer = materialise(job.trigger, experiences_of(job))
    assert buffer.digest() == job.trigger.buffer_digest
    kept = sample(buffer, experiences_of(job))
    assert len(kept) == len(buffer) <= capacity * windows


@pytest.mark.parametrize("change", ["a record less", "another capacity"])
def test_another_buffer_than_the_workers_is_refused(change: str) -> None:
    job = last_job(120, Policies(buffer=BufferPolicy(capacity=50)))
    experiences, trigger = experiences_of(job), job.trigger
    if change == "a record less":
        kept = sample(materialise(trigger, experiences), experiences)
        experiences.remove(kept[0])
    else:
        trigger = structs.replace(trigger, window_capacity=49)
    with pytest.raises(Unusable, match="buffer_digest: the worker had"):
        materialise(trigger, experiences)


def test_a_learnable_tenant_gets_a_better_policy_and_twice_the_same_bytes() -> None:
    job = last_job(1500, Policies())
    first, second = attempt(run_job, job), attempt(run_job, job)
    assert first.result.verdict == "promoted", first.result.message
    assert first.artifact is not None and first.artifact == second.artifact
    assert first.result == second.result
    assert first.result.digest == digest_of(first.artifact)
    lineage = unpack(first.artifact).manifest.lineage
    assert (lineage.trigger_id, lineage.buffer_digest) == (job.trigger.trigger_id, job.trigger.buffer_digest)


def test_what_goes_wrong_in_training_is_an_answer_with_its_error() -> None:
    job = last_job(80, Policies())
    broken = structs.replace(job.trigger, buffer_digest="another")
    answer = attempt(run_job, TrainingJob(broken, job.records, None))
    assert (answer.result.verdict, answer.result.reason) == ("failed", "error")
    assert answer.result.message.startswith("buffer_digest: the worker had another, but the ranges give")
    unknown = structs.replace(job.trigger, configuration={"learning_rte": 1})
    answer = attempt(run_job, TrainingJob(unknown, job.records, None))
    assert "learning_rte" in answer.result.message


def test_an_error_that_is_not_ours_names_its_kind_and_stays_short() -> None:
    def explode(job: TrainingJob) -> Answer:
        raise ZeroDivisionError("x" * 10_000)

    answer = attempt(explode, last_job(80, Policies()))
    assert answer.result.message.startswith("ZeroDivisionError: xxx")
    assert len(answer.result.message) == 500


def test_a_stale_answer_names_the_champion_that_is_in_force() -> None:
    trigger = last_job(80, Policies()).trigger
    result = stale(trigger, "ab" * 32).result
    assert (result.verdict, result.reason) == ("rejected", "stale_champion")
    assert result.champion_digest == "ab" * 32
    assert result.message == "made for champion the baseline, but abababababab is in force"
