"""The trainer's second loop with trainings that take no time, and triggers of programs."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from models.programs.result import Progress
from signalbox.connection import Connection
from signalbox.events import OptimizationTrigger
from streams.settings import Settings
from streams.trainer.job import Answer, without_training
from streams.trainer.program_job import ProgramJob, Run
from streams.trainer.program_service import run_program_trainer
from tests.integration.trainer_support import at_work, trigger
from tests.integration.worker_support import until

SECRET = "where is the hidden treasure"
"""A query that must not be found in any log."""


def program_trigger(number: int, **changes: Any) -> OptimizationTrigger:
    content = {
        "scope": "program:routing",
        "trigger_id": f"trigger-{number}/program",
        "reasons": ("multi_stage",),
    }
    return trigger(number, **content | changes)


def train_as_wished(job: ProgramJob, tell: Callable[[Progress], None]) -> Answer:
    """What the trigger's configuration asks for: `pid_file`, `prints`, `pause_s`, `raise`, `dies`."""
    wish = job.trigger.configuration
    if "pid_file" in wish:
        Path(wish["pid_file"]).write_text(str(os.getpid()))
    tell(Progress("bootstrap", 3, 90, 0.25))
    if "prints" in wish:
        for output in (1, 2):
            os.write(output, wish["prints"].encode())
    time.sleep(wish.get("pause_s", 0))
    if wish.get("dies"):
        os._exit(9)
    if "raise" in wish:
        raise ValueError(wish["raise"])
    return without_training(job.trigger, "rejected", "not_proven", f"{len(job.annotations)} annotations")


@asynccontextmanager
async def program_trainer_on(
    connection: Connection, settings: Settings, run: Run = train_as_wished
) -> AsyncIterator[None]:
    async with at_work(lambda ready: run_program_trainer(connection, settings, on_ready=ready, run=run)):
        yield


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def pid_in(file: Path) -> int:
    """The process id in a file, once it is there."""
    await until(lambda: file.exists() and bool(file.read_text()), "the training to begin")
    return int(file.read_text())  # noqa: ASYNC240 a few bytes
