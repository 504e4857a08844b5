"""Training in a process of its own: heartbeats go on meanwhile, and it can be cancelled."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module

from streams.trainer.child import Deaths, live_with_parent
from streams.trainer.job import Answer, TrainingJob, attempt, run_job


class TrainingProcess:
    """Runs jobs one after the other in a child process, which is started again when it dies."""

    def __init__(self, run: Callable[[TrainingJob], Answer] = run_job) -> None:
        self._run = run
        self._pool: ProcessPoolExecutor | None = None
        self._deaths = Deaths()

    def start(self) -> None:
        """Start the process, so that the first job doesn't wait for its imports."""
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, spawn, initializer=live_with_parent)
            self._pool.submit(_load)

    async def train(self, job: TrainingJob) -> Answer:
        """The answer to a job; raises `Retry` when the process died. Cancelling it kills the process."""
        self.start()
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, attempt, self._run, job)
        except BrokenProcessPool as error:
            self.stop()
            return self._deaths.count(job.trigger, error)
        except asyncio.CancelledError:
            self.stop()
            raise
        self._deaths.forget(job.trigger)
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
