"""The trainer as a process: topics, signals, and an end within seconds."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from streams.settings import Settings
from streams.signals import stop_on_signals
from streams.topics import ensure_topics
from streams.trainer.job import Answer, TrainingJob, run_job
from streams.trainer.service import run_trainer

log = logging.getLogger(__name__)

STOP_LIMIT_S = 8.0


async def serve(settings: Settings, run: Callable[[TrainingJob], Answer] = run_job) -> None:
    """Run a trainer until SIGTERM or SIGINT; says `trainer ready` on standard output when it is at work."""
    connection = settings.connection()
    await ensure_topics(connection, settings, declares_topics=settings.broker != "in-process")
    task = asyncio.create_task(run_trainer(connection, settings, on_ready=_say_ready, run=run))
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


def _say_ready() -> None:
    print("trainer ready", flush=True)  # noqa: T201 whoever started us waits for this line
