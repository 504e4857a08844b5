"""Trains a program from a file: with the champion in force and publishing what comes out, or without Kafka."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import structs

from adapters.artifact_store import ArtifactStore
from adapters.language_model import Spend, connect
from models.programs import Progress
from processors.training.program_file import FileTraining, train_from_rows
from signalbox.errors import ConfigurationError
from signalbox.events import OptimizationTrigger, TrainingResult
from signalbox.names import PROGRAM
from signalbox.policy import digest_of
from signalbox.version import VERSION
from streams.language_model import language_model_configuration
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.job import Answer, stale
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.publication import open_publication, slot_name
from streams.trainer.records import records_of
from streams.worker.policies import training_configuration

NOBODY = "local"
"""The tenant of a program that is not published."""


@dataclass(frozen=True)
class FileRequest:
    """What is to be trained; without `publish` nothing is read from or written to Kafka."""

    program: str
    rows: Sequence[dict[str, Any]]
    held_out_share: float
    seed: int
    tenant_id: str = NOBODY
    publish: bool = False


@dataclass(frozen=True)
class FileOutcome:
    """What came of it; `result` is as published, where it was."""

    training: FileTraining
    result: TrainingResult
    spend: Spend
    seconds: float


async def train_file(
    settings: Settings, request: FileRequest, progress: Callable[[Progress], None]
) -> FileOutcome:
    """Train, judge and, if asked for, publish like a trainer; raises what `train_from_rows` raises.

    A training that is cancelled makes no further call.
    """
    began = time.monotonic()
    if not request.publish:
        training, spend = await _in_thread(settings, request, None, progress)
        return FileOutcome(training, training.answer.result, spend, time.monotonic() - began)
    connection, store = settings.connection(), ArtifactStore(settings.artifact_url)
    place = request.tenant_id, PROGRAM + request.program
    async with LedgerReader(connection, settings) as reader:
        ledger = await reader.catch_up(behind_transactions=False)
        digest = ledger.champion_digest(*place)
        champion = None
        if digest is not None:
            champion = await load_artifact(connection, settings, store, request.tenant_id, digest)
        training, spend = await _in_thread(settings, request, champion, progress)
        seconds = time.monotonic() - began
        asked = _trigger(settings, request, digest, f"train-{uuid.uuid4()}")
        answer = Answer(
            structs.replace(training.answer.result, trigger_id=asked.trigger_id), training.answer.artifact
        )
        if answer.artifact is not None:
            store.put(request.tenant_id, answer.artifact)
        async with open_publication(connection, settings, slot_name(*place)) as publication:
            ledger = await reader.catch_up()
            in_force = ledger.champion_digest(*place)
            if in_force != digest:
                answer = stale(asked, in_force)
            if ledger.canary_digest(*place) is not None:
                raise ConfigurationError(f"{place[1]}: a policy is on trial; `signalbox policy end` ends that")
            await publication.publish(records_of(store, ledger, asked, answer, seconds), {})
        version = ledger.next_version(*place) if answer.artifact is not None else None
        return FileOutcome(training, structs.replace(answer.result, version=version), spend, seconds)


async def _in_thread(
    settings: Settings, request: FileRequest, champion: bytes | None, progress: Callable[[Progress], None]
) -> tuple[FileTraining, Spend]:
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(_train, settings, request, champion, progress, stopped.is_set)
    finally:
        stopped.set()  # the thread would go on by itself, and Ctrl-C would wait for it


def _train(
    settings: Settings,
    request: FileRequest,
    champion: bytes | None,
    progress: Callable[[Progress], None],
    is_stopped: Callable[[], bool],
) -> tuple[FileTraining, Spend]:
    model = connect(language_model_configuration(settings), is_cancelled=is_stopped)
    configuration = training_configuration(settings)
    content = msgspec.json.encode(request.rows, order="sorted")
    trigger = _trigger(
        settings, request, digest_of(champion) if champion else None, f"train-{digest_of(content)[:24]}"
    )
    trained = train_from_rows(
        structs.replace(trigger, buffer_digest=digest_of(content), configuration=configuration.to_dict()),
        request.rows,
        request.held_out_share,
        champion,
        configuration,
        model.lm,
        model.name,
        progress,
    )
    return trained, model.spend


def _trigger(
    settings: Settings, request: FileRequest, champion_digest: str | None, trigger_id: str
) -> OptimizationTrigger:
    """What a worker would have sent, had it had the file; it is never published."""
    return OptimizationTrigger(
        tenant_id=request.tenant_id,
        occurred_at=datetime.now(UTC),
        trigger_id=trigger_id,
        tenant_key=request.tenant_id,
        scope=PROGRAM + request.program,
        reasons=("requested",),
        windows=(),
        ranges=(),
        buffer_digest="",
        experiences=len(request.rows),
        look=1,
        seed=request.seed,
        code_version=VERSION,
        configuration={},
        run="0-file",
        batch=0,
        champion_digest=champion_digest,
    )
