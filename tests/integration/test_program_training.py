"""Prompt programs, trained for real by the trainer with the offline model, on a real Kafka node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from processors.policies import Policies
from signalbox.connection import Connection
from signalbox.events import OffsetRange, OptimizationTrigger, TrainingResult
from signalbox.policy import unpack
from signalbox.program import PromptProgram
from signalbox.topics import ROUTING_EXPERIENCE
from streams.settings import Settings
from streams.trainer.program_job import run_program_job
from streams.trainer.reading import read_artifact
from streams.worker.policies import policies_from
from tests.integration.program_support import program_trainer_on
from tests.integration.trainer_support import (
    producer_on,
    results_of,
    send_triggers,
    updates_of,
    wait_for_results,
)
from tests.integration.worker_support import run_command
from tests.streams.test_train_command import rows
from tests.streams.trainer_jobs import last_job

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

OPTIMIZERS = ("bootstrap", "simba", "mipro", "gepa")


async def logged(producer: Any, settings: Settings, policies: Policies) -> OptimizationTrigger:
    """The worker's trigger on 140 decisions whose experiences lie on Kafka, as one of a program."""
    job = last_job(140, policies)
    topic = settings.topic(ROUTING_EXPERIENCE)
    sent = [await producer.send_and_wait(topic, each, b"acme", partition=1) for each in job.records]
    where = OffsetRange(topic=topic, partition=1, start=sent[0].offset, end=sent[-1].offset + 1)
    trigger = structs.replace(job.trigger, scope="program:routing", reasons=("multi_stage",))
    return structs.replace(trigger, ranges=(where,), look=1)


def asking(base: OptimizationTrigger, optimizer: str, champion: str | None) -> OptimizationTrigger:
    program = base.configuration["program"] | {"force_optimizer": optimizer}
    return structs.replace(
        base,
        trigger_id=f"{optimizer}/program",
        champion_digest=champion,
        configuration=base.configuration | {"program": program},
    )


async def test_every_optimiser_runs_to_its_end_from_a_trigger_and_its_policies_are_like_any_other(
    connection: Connection, settings: Settings
) -> None:
    settings = settings.model_copy(update={"held_out_share": 0.5})
    champion: str | None = None
    results: list[TrainingResult] = []
    async with producer_on(connection) as producer, program_trainer_on(connection, settings, run_program_job):
        base = await logged(producer, settings, policies_from(settings))
        for optimizer in OPTIMIZERS:
            await send_triggers(producer, settings, [asking(base, optimizer, champion)])
            results = await wait_for_results(connection, settings, len(results) + 1, timeout_s=120)
            answer = next(each for each in results if each.trigger_id == f"{optimizer}/program")
            assert answer.verdict in ("promoted", "rejected"), answer
            assert f"{optimizer} 0." in answer.message or f"{optimizer} 1." in answer.message
            assert "The language model was called" in answer.message
            champion = answer.digest if answer.verdict == "promoted" else champion
    first = next(each for each in results if each.trigger_id == "bootstrap/program")
    assert (first.verdict, first.version) == ("promoted", 1)
    assert first.digest is not None
    data = await read_artifact(connection, settings, first.digest)
    assert data is not None
    manifest = unpack(data).manifest
    assert (manifest.kind, manifest.scope, manifest.tenant_id) == ("program", "program:routing", "acme")
    assert manifest.program is not None
    assert (manifest.program.optimizer, manifest.program.language_model) == (
        "bootstrap",
        "offline/in-context-1",
    )
    assert manifest.estimates["improvement"] == first.improvement
    PromptProgram.load(data)
    check_commands(settings, first)


def check_commands(settings: Settings, first: TrainingResult) -> None:
    """What a person does with policies works for the program's scope."""
    scope = ("--tenant", "acme", "--scope", "program:routing")
    listed = run_command(settings, "policy", "list", *scope, "--json").stdout.splitlines()
    assert first.trigger_id in listed[0]
    shown = run_command(settings, "policy", "show", "1", *scope, "--json")
    assert shown.returncode == 0, shown.stderr
    assert first.digest in shown.stdout
    verified = run_command(settings, "policy", "verify", first.trigger_id, *scope)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    promoted = sum(json.loads(line)["verdict"] == "promoted" for line in listed)
    back = run_command(settings, "policy", "rollback", *scope, *(("--to", "1") if promoted > 1 else ()))
    assert (back.returncode == 0) == (promoted > 1), back.stdout + back.stderr


async def test_a_training_past_its_budget_fails_with_its_numbers(
    connection: Connection, settings: Settings
) -> None:
    poor = settings.model_copy(update={"language_model_budget_calls": 30, "held_out_share": 0.5})
    async with producer_on(connection) as producer, program_trainer_on(connection, poor, run_program_job):
        base = await logged(producer, settings, policies_from(settings))
        await send_triggers(producer, settings, [asking(base, "gepa", None)])
        (answer,) = await wait_for_results(connection, settings, 1, timeout_s=120)
    assert (answer.verdict, answer.reason) == ("failed", "error")
    assert "the budget of 30 calls is spent" in answer.message


async def test_a_program_from_a_file_is_published_like_any_other(
    connection: Connection, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows()))
    arguments = ("--type", "routing", "--program", "routing", "--data", str(file), "--held-out", "0.4")
    publishing = ("train", *arguments, "--optimizer", "bootstrap", "--publish", "--tenant", "acme", "--json")
    first, second = (run_command(settings, *publishing) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 1), first.stderr + second.stderr
    content = json.loads(first.stdout)
    assert (content["verdict"], content["version"], content["published"]) == ("promoted", 1, True)
    results = await results_of(connection, settings)
    verdicts = sorted((each.verdict, each.champion_digest) for each in results)
    assert verdicts == [("promoted", None), ("rejected", content["digest"])]
    (update,) = await updates_of(connection, settings)
    assert (update.scope, update.digest, update.reason) == ("program:routing", content["digest"], "promoted")
    data = await read_artifact(connection, settings, update.digest)
    assert data is not None
    PromptProgram.load(data)
