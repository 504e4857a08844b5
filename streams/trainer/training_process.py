"""Training in a process of its own: heartbeats go on meanwhile, and it can be cancelled."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from multiprocessing.process import BaseProcess

from signalbox.errors import Retry
from streams.trainer.job import Answer, TrainingJob, attempt, failed, run_job

MAX_DEATHS = 3
"""So often the process may die over one trigger (out of memory, say) before the answer is `failed`."""


class TrainingProcess:
    """Runs jobs one after the other in a child process, which is started again when it dies."""

    def __init__(self, run: Callable[[TrainingJob], Answer] = run_job) -> None:
        self._run = run
        self._pool: ProcessPoolExecutor | None = None
        self._deaths: dict[str, int] = {}

    def start(self) -> None:
        """Start the process, so that the first job doesn't wait for its imports."""
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, spawn, initializer=_live_with_parent)
            self._pool.submit(_load)

    async def train(self, job: TrainingJob) -> Answer:
        """The answer to a job; raises `Retry` when the process died. Cancelling it kills the process."""
        self.start()
        trigger = job.trigger
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, attempt, self._run, job)
        except BrokenProcessPool as error:
            self.stop()
            deaths = self._deaths[trigger.trigger_id] = self._deaths.get(trigger.trigger_id, 0) + 1
            message = f"the training process died {deaths} times over trigger {trigger.trigger_id}"
            if deaths < MAX_DEATHS:
                raise Retry(message) from error
            answer = failed(trigger, Retry(message))
        except asyncio.CancelledError:
            self.stop()
            raise
        self._deaths.pop(trigger.trigger_id, None)
        return answer

    def stop(self) -> None:
        """Kill the process, whatever it is doing; a later job starts a new one."""
        if self._pool is None:
            return
        children = list((self._pool._processes or {}).values())  # Python 3.14 has kill_workers
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.kill()
        self._pool = None


def _load() -> None:
    import_module("processors.training")


def _live_with_parent() -> None:
    """A parent that is killed can't tell its child, which would wait for jobs for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent stops us
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
