"""A prompt program's training in a process of its own: it tells how far it is, and can be ended any time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from models.programs.result import Progress
from signalbox.errors import Retry
from signalbox.events import OptimizationTrigger
from streams.trainer.child import Deaths, live_with_parent
from streams.trainer.job import Answer, without_training
from streams.trainer.program_job import ProgramJob, Run, attempt_program, run_program_job
from streams.trainer.program_progress import ProgressLog

TELLS_EVERY_S = 0.2
NICENESS = 5
"""Decisions, and the policies that are trained beside, come first."""


class ProgramProcess:
    """Runs one job at a time, each in a child process of its own that ends with it.

    What the child and the libraries in it print is thrown away unless `verbose`: it holds queries and prompts.
    """

    def __init__(self, run: Run = run_program_job, *, verbose: bool = False) -> None:
        self._run, self._verbose = run, verbose
        self._deaths = Deaths()
        self._child: _Child | None = None

    async def train(self, job: ProgramJob) -> Answer:
        """The answer to a job; raises `Retry` when the process died. Cancelling it kills the process.

        The answer is `failed` where the time limit ends it, and `superseded` after `supersede`.
        """
        progress = ProgressLog(job.trigger.trigger_id)
        child = self._child = _Child(self._run, self._verbose)
        try:
            async with asyncio.timeout(job.time_limit_s):
                answer = await child.do(job, progress)
        except TimeoutError:
            message = f"The training was ended at its limit of {job.time_limit_s:g} s; {progress}."
            return without_training(job.trigger, "failed", "error", message)
        except (EOFError, OSError) as error:
            if child.superseded_by is not None:
                return superseded(job.trigger, child.superseded_by, progress)
            if child.is_unwanted:
                raise Retry(f"the training for trigger {job.trigger.trigger_id} was stopped") from error
            return self._deaths.count(job.trigger, error)
        finally:
            self._child = None
            await child.end()
        self._deaths.forget(job.trigger)
        return answer

    def supersede(self, by: str) -> None:
        """End the running training, because the trigger with the id `by` asks for a better one."""
        if self._child is not None:
            self._child.superseded_by = by
            self._child.process.kill()

    def stop(self) -> None:
        """End the running training without an answer: it is raised as `Retry`."""
        if self._child is not None:
            self._child.is_unwanted = True
            self._child.process.kill()


class _Child:
    """The process, what is said to it and heard from it, and why it was killed, if it was."""

    def __init__(self, run: Run, verbose: bool) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, its_pipe = spawn.Pipe()
        self.process = spawn.Process(target=_main, args=(its_pipe, run, verbose), daemon=True)
        self.process.start()
        its_pipe.close()  # else our copy would keep the pipe open when the process is gone
        self._call: asyncio.Future[Any] | None = None
        self.superseded_by: str | None = None
        self.is_unwanted = False

    async def do(self, job: ProgramJob, progress: ProgressLog) -> Answer:
        """Hand the job over and wait for the answer; raises `EOFError` or `OSError` when the process ends."""
        await self._wait_for(self._pipe.send, job)
        while True:
            told = await self._wait_for(self._pipe.recv)
            if isinstance(told, Answer):
                return told
            progress.tell(told)

    async def end(self) -> None:
        """Kill the process, and wait until it is gone and nobody waits for it."""
        self.process.kill()
        self.process.join()
        if self._call is not None:
            await asyncio.wait([self._call])
            self._call.exception()  # it has been told already, or nobody wants to know
        self._pipe.close()
        self.process.close()

    async def _wait_for(self, function: Callable[..., Any], *arguments: Any) -> Any:
        # A thread can't be cancelled, but the process's end ends what it waits for.
        self._call = asyncio.get_running_loop().run_in_executor(None, function, *arguments)
        return await asyncio.shield(self._call)


def superseded(trigger: OptimizationTrigger, by: str, progress: object) -> Answer:
    """The answer to a trigger for whose training there is a newer one."""
    message = f"Trigger {by} has come, which has all of its evidence and more; {progress}."
    return without_training(trigger, "rejected", "superseded", message)


def _main(pipe: Pipe, run: Run, verbose: bool) -> None:
    """What the child does: one job, then it ends."""
    live_with_parent()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    if not verbose:
        _fall_silent()
    pipe.send(attempt_program(run, pipe.recv(), _Teller(pipe)))


class _Teller:
    """Tells the parent how far the training is: from any thread, but not more often than it can be of use."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe, self._lock = pipe, threading.Lock()
        self._next_s = 0.0

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            now_s = time.monotonic()
            if now_s >= self._next_s:
                self._next_s = now_s + TELLS_EVERY_S
                self._pipe.send(progress)


def _fall_silent() -> None:
    logging.disable(logging.CRITICAL)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(nowhere, output)
