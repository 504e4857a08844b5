"""Answers triggers in threads of this process, as the trainer does in its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock

from adapters.language_model import BudgetExceeded, LanguageModelConfiguration
from models.programs import Cancelled, Progress
from signalbox.events import OptimizationTrigger, TrainingResult
from signalbox.names import is_program
from streams.optimizers.local_jobs import program_job_of
from streams.settings import Settings
from streams.trainer.job import Answer, TrainingJob, attempt, run_job
from streams.trainer.program_job import attempt_program, run_program_job

log = logging.getLogger(__name__)

MakeJob = Callable[[OptimizationTrigger], TrainingJob | Answer]
Publish = Callable[[OptimizationTrigger, Answer, float], TrainingResult]
Training = Future[TrainingResult | None]


class LocalTrainer:
    """One thread trains policies, another one programs, so that a long optimisation holds up nobody.

    `make_job` gives what a trigger is answered from, or the answer where nothing has to be trained; `publish`
    takes answer and seconds and gives the result as it went out.
    """

    def __init__(
        self,
        settings: Settings,
        language_model: LanguageModelConfiguration,
        make_job: MakeJob,
        publish: Publish,
    ) -> None:
        self._settings = settings
        self._language_model = language_model
        self._make_job, self._publish = make_job, publish
        self._stopping = Event()
        self._lock = Lock()
        self._open: dict[str, tuple[str, Training]] = {}
        self._policies = ThreadPoolExecutor(1, thread_name_prefix="signalbox-training")
        self._programs = ThreadPoolExecutor(1, thread_name_prefix="signalbox-program")

    def submit(self, trigger: OptimizationTrigger) -> None:
        """Answer a trigger when its turn has come."""
        threads = self._programs if is_program(trigger.scope) else self._policies
        with self._lock:
            if not self._stopping.is_set():
                self._open[trigger.trigger_id] = (trigger.scope, threads.submit(self._answer, trigger))

    def open(self, *, programs: bool) -> list[Training]:
        """The trainings of policies, or of programs, that go on or wait."""
        with self._lock:
            return [training for scope, training in self._open.values() if is_program(scope) is programs]

    def close(self) -> None:
        """Stop within a call of the language model, or at the end of a policy's training."""
        with self._lock:
            self._stopping.set()
        for threads in (self._policies, self._programs):
            threads.shutdown(cancel_futures=True)

    def _answer(self, trigger: OptimizationTrigger) -> TrainingResult | None:
        """The published answer, None where the end came first."""
        started = time.monotonic()
        try:
            job = self._make_job(trigger)
            answer = job if isinstance(job, Answer) else self._train(job)
            return self._publish(trigger, answer, time.monotonic() - started)
        except Cancelled:
            return None
        except Exception:
            log.exception("trigger %s is not answered", trigger.trigger_id)
            raise
        finally:
            with self._lock:
                self._open.pop(trigger.trigger_id, None)

    def _train(self, job: TrainingJob) -> Answer:
        if not is_program(job.trigger.scope):
            return attempt(run_job, job)
        limit_s = self._settings.program_time_limit_s
        ends = time.monotonic() + limit_s

        def told(progress: Progress) -> None:
            if self._stopping.is_set():
                raise Cancelled
            if time.monotonic() > ends:
                raise BudgetExceeded(f"not done after {limit_s:g} s and {progress.calls} calls")

        return attempt_program(run_program_job, program_job_of(job, self._settings, self._language_model), told)
