"""The specification's fields in the log of a finished training."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from processors.policies import Policies
from signalbox.events import Experience, decode, encode
from signalbox.names import PROGRAM
from signalbox.policy import Artifact, FeatureConfiguration, Lineage, Manifest, pack
from streams.logs import JsonFormatter
from streams.trainer.job import Answer, TrainingJob, without_training
from streams.trainer.telling import training_fields
from tests.streams.trainer_jobs import AGENTS, last_job

CONFIGURATION = {"learner": "grpo", "epsilon": 0.1, "program": {"optimizer_strategy": "adaptive"}}


@pytest.fixture(scope="module")
def job() -> TrainingJob:
    return last_job(60, Policies(configuration=CONFIGURATION))


def artifact(job: TrainingJob, promotions: int) -> bytes:
    lineage = Lineage(
        trigger_id="t",
        parent_digest=None,
        ranges=(),
        buffer_digest="",
        seed=0,
        code_version="1",
        configuration={},
        promotions=promotions,
    )
    features = FeatureConfiguration()
    manifest = Manifest(
        tenant_id="acme", scope="routing", agents=AGENTS, epsilon=0.07, features=features, lineage=lineage
    )
    return pack(Artifact(manifest, {}))


def rejected(job: TrainingJob, data: bytes | None = None) -> Answer:
    return Answer(without_training(job.trigger, "rejected", "not_proven", "no better").result, data)


def test_a_training_says_what_the_specification_asks_for(job: TrainingJob) -> None:
    rewards = [decode(Experience, record).reward for record in job.records]
    told = training_fields(job, rejected(job, artifact(job, promotions=3)))
    assert told == {
        "trigger_id": job.trigger.trigger_id,
        "tenant_key": "acme",
        "scope": "routing",
        "verdict": "rejected",
        "optimizer": "grpo",
        "training_step": 3,
        "epsilon": 0.07,
        "experiences_count": len(rewards),
        "avg_reward": pytest.approx(sum(rewards) / len(rewards), abs=1e-4),
    }


@pytest.mark.parametrize("champion", [None, b"no artifact"])
def test_without_a_policy_the_fields_are_those_of_the_baseline(
    job: TrainingJob, champion: bytes | None
) -> None:
    told = training_fields(replace(job, champion=champion, records=()), rejected(job))
    assert [told[name] for name in ("training_step", "epsilon", "experiences_count", "avg_reward")] == [
        *(0, 0.1, 0, None)
    ]


def test_without_a_new_policy_they_are_those_of_the_champion(job: TrainingJob) -> None:
    told = training_fields(replace(job, champion=artifact(job, promotions=2)), rejected(job))
    assert (told["training_step"], told["epsilon"]) == (2, 0.07)


def test_a_program_is_trained_by_its_optimiser(job: TrainingJob) -> None:
    trigger = structs.replace(job.trigger, scope=f"{PROGRAM}agent_routing")
    assert training_fields(replace(job, trigger=trigger), rejected(job))["optimizer"] == "adaptive"


def test_a_decision_counts_once_and_what_cant_be_read_not_at_all(job: TrainingJob) -> None:
    first = decode(Experience, job.records[0])
    later = encode(structs.replace(first, revision=1, reward=1.0))
    told = training_fields(replace(job, records=(later, job.records[0], b"{nonsense")), rejected(job))
    assert (told["experiences_count"], told["avg_reward"]) == (1, 1.0)


def test_the_fields_are_in_the_line_of_the_log(job: TrainingJob) -> None:
    record: Any = logging.getLogger("streams.trainer").makeRecord(
        "x", logging.INFO, "", 0, "training finished", (), None, extra=training_fields(job, rejected(job))
    )
    line = json.loads(JsonFormatter().format(record))
    assert {"optimizer", "training_step", "epsilon", "experiences_count", "avg_reward"} <= line.keys()
    assert line["message"] == "training finished"
