import asyncio
import os
import time
from multiprocessing.process import BaseProcess

import pytest

from signalbox.errors import Retry
from streams.trainer.child import MAX_DEATHS
from streams.trainer.job import Answer, TrainingJob, without_training
from streams.trainer.training_process import TrainingProcess
from tests.integration.trainer_support import trigger

JOB = TrainingJob(trigger(1), (), None)


def name_the_process(job: TrainingJob) -> Answer:
    return without_training(job.trigger, "rejected", "not_proven", str(os.getpid()))


def die(job: TrainingJob) -> Answer:
    os._exit(9)


def fail(job: TrainingJob) -> Answer:
    raise MemoryError("too many features")


def exit_code(process: BaseProcess) -> int:
    """How it ended; of two threads that wait for it (the pool has one), the second isn't told by `join`."""
    while process.exitcode is None:
        time.sleep(0.01)
    return process.exitcode


def sleep_for_ever(job: TrainingJob) -> Answer:
    time.sleep(3600)
    raise AssertionError


async def test_jobs_run_in_one_other_process() -> None:
    training = TrainingProcess(name_the_process)
    first, second = await training.train(JOB), await training.train(JOB)
    training.stop()
    assert first.result.message == second.result.message != str(os.getpid())


async def test_an_error_in_training_is_an_answer() -> None:
    training = TrainingProcess(fail)
    answer = await training.train(JOB)
    training.stop()
    assert (answer.result.verdict, answer.result.message) == ("failed", "MemoryError: too many features")


async def test_a_training_that_kills_its_process_is_tried_again_and_then_failed() -> None:
    training = TrainingProcess(die)
    for deaths in range(1, MAX_DEATHS):
        with pytest.raises(Retry, match=f"died {deaths} times over trigger trigger-1"):
            await training.train(JOB)
    answer = await training.train(JOB)
    training.stop()
    assert answer.result.verdict == "failed"
    assert answer.result.message == f"the training process died {MAX_DEATHS} times over trigger trigger-1"


async def test_a_training_can_be_cancelled_and_another_started() -> None:
    training = TrainingProcess(sleep_for_ever)
    task = asyncio.create_task(training.train(JOB))
    await asyncio.sleep(0)  # it starts the process
    assert training._pool is not None
    (child,) = training._pool._processes.values()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(exit_code, child) == -9
    training._run = name_the_process
    assert (await training.train(JOB)).result.verdict == "rejected"
    training.stop()
