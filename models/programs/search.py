"""Optimisers one after the other, each from the best program so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from models.errors import NothingToLearn
from models.programs.budget import Meter, expected_calls
from models.programs.configuration import OptimizerName
from models.programs.evaluate import scores_of, weighted_mean
from models.programs.optimisers import Task, compiled
from models.programs.result import Attempt, OptimisedProgram
from models.programs.selection import simpler_than
from models.programs.weighting import LEAST_VALIDATION
from signalbox.errors import SignalboxError
from signalbox.program import dump_state, fingerprint, load_module

if TYPE_CHECKING:
    import dspy


@dataclass
class Search:
    """The best program so far, which the next optimiser starts from."""

    task: Task
    meter: Meter
    best: OptimizerName | None = None
    score: float = 0.0
    tried: list[Attempt] = field(default_factory=list)

    def begin(self) -> float:
        """Score the untrained program."""
        module = self.task.student()
        self.task = replace(self.task, start=dump_state(module))
        self.score = self._score(module)
        return self.score

    def run(self, optimizer: OptimizerName) -> bool:
        """Run an optimiser; whether it came to an end."""
        self.tried.append(self._attempt(optimizer))
        return self.tried[-1].error is None

    def run_or_simpler(self, optimizer: OptimizerName) -> None:
        """Run an optimiser; where it fails, the next simpler one, unless that has run already."""
        wanted: OptimizerName | None = optimizer
        while wanted is not None and wanted not in {attempt.optimizer for attempt in self.tried}:
            wanted = None if self.run(wanted) else simpler_than(wanted)

    def refit(self) -> None:
        """Where Bootstrap was best: its demonstrations once more, drawn from what it was chosen by, too."""
        if self.best != "bootstrap":
            return
        task = self.task
        everything = replace(task, start=None, training=[*task.training, *task.validation])
        self.meter.stage = "bootstrap"
        self.task = replace(task, start=dump_state(compiled("bootstrap", everything)))

    def result(self, before: float, examples: int, expected: int) -> OptimisedProgram:
        """What came of it."""
        state: dict[str, Any] = dict(self.task.start or {})
        ways = ", ".join(
            f"{one.optimizer} {'failed' if one.error is not None else f'{one.score:.3f}'}" for one in self.tried
        )
        outcome = f"{self.best} is kept" if self.best else "none is better, so the untrained program is kept"
        return OptimisedProgram(
            state=state,
            fingerprint=fingerprint(self.task.spec),
            optimizer=self.best,
            tried=tuple(self.tried),
            calls=self.meter.calls,
            expected_calls=expected,
            score_before=before,
            score_after=self.score,
            examples=examples,
            validation=len(self.task.validation),
            demos=len(state["predict"]["demos"]),
            message=f"{before:.3f} untrained, {ways} on {len(self.task.validation)} examples: {outcome}.",
        )

    def _attempt(self, optimizer: OptimizerName) -> Attempt:
        task, meter = self.task, self.meter
        needed = expected_calls(optimizer, len(task.training), len(task.validation), task.configuration)
        most = task.configuration.max_calls
        if most is not None and meter.calls + needed > most:
            return Attempt(optimizer, error=f"about {needed} more calls after {meter.calls}, of {most} allowed")
        meter.stage = optimizer
        try:
            state = dump_state(compiled(optimizer, task))
        # Whatever an optimiser raises, a simpler one may do; what went wrong is in the result.
        except Exception as error:  # noqa: BLE001
            return Attempt(optimizer, error=_said(error))
        score = self._score(load_module(task.spec, state))
        # Optimisers end in good order even where every metric call failed, so they are not believed.
        if score > self.score or self._says_little(score):
            self.task, self.best, self.score = replace(task, start=state), optimizer, score
        return Attempt(optimizer, score)

    def _says_little(self, score: float) -> bool:
        """A tie with the untrained program on few examples: who has seen examples may yet be better."""
        tie = self.best is None and score == self.score > 0.0
        return tie and len(self.task.validation) <= LEAST_VALIDATION

    def _score(self, module: dspy.Module) -> float:
        task = self.task
        scores = scores_of(task.spec, module, task.validation, task.configuration.concurrency)
        score = weighted_mean(scores, task.validation)
        self.meter.score(score)
        return score


def _said(error: Exception) -> str:
    """What went wrong; of other people's errors only where, because their texts quote prompts."""
    if isinstance(error, SignalboxError | NothingToLearn):
        return str(error)
    place = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
