"""The trainer as a process: topics, signals, and an end within seconds."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from streams.settings import Settings
from streams.signals import stop_on_signals
from streams.topics import ensure_topics
from streams.trainer.job import Answer, TrainingJob, run_job
from streams.trainer.program_job import Run, run_program_job
from streams.trainer.program_service import run_program_trainer
from streams.trainer.service import run_trainer

log = logging.getLogger(__name__)

STOP_LIMIT_S = 8.0


async def serve(
    settings: Settings, run: Callable[[TrainingJob], Answer] = run_job, run_program: Run = run_program_job
) -> None:
    """Run a trainer until SIGTERM or SIGINT; says `trainer ready` on standard output when it is at work."""
    connection = settings.connection()
    await ensure_topics(connection, settings, declares_topics=settings.broker != "in-process")
    ready = _Ready()
    task = asyncio.create_task(
        _both(
            run_trainer(connection, settings, on_ready=ready.loop, run=run),
            run_program_trainer(connection, settings, on_ready=ready.loop, run=run_program),
        )
    )
    stopped = asyncio.create_task(stop_on_signals().wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        task.result()  # it only ends by raising
    task.cancel()
    _, pending = await asyncio.wait({task}, timeout=STOP_LIMIT_S)
    if pending:
        log.warning("ended after %g s without taking leave of Kafka", STOP_LIMIT_S)
        os._exit(0)


async def _both(*loops: Coroutine[Any, Any, None]) -> None:
    await asyncio.gather(*loops)


class _Ready:
    """Says so when both loops are at work."""

    def __init__(self) -> None:
        self._missing = 2

    def loop(self) -> None:
        """One of them is."""
        self._missing -= 1
        if not self._missing:
            print("trainer ready", flush=True)  # noqa: T201 whoever started us waits for this line
