"""How many language-model calls an optimiser needs, how many were made, and how to stop it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from models.programs.configuration import OptimizerName, ProgramConfiguration
from models.programs.result import Progress

SIMBA_STEPS = {"light": 8, "medium": 8, "heavy": 12}
SIMBA_CANDIDATES = {"light": 3, "medium": 6, "heavy": 6}
SIMBA_BATCH = 32
_MIPRO_TRIALS = {"light": 10, "medium": 18, "heavy": 27}
_MIPRO_INSTRUCTIONS = {"light": 3, "medium": 6, "heavy": 9}
_MIPRO_DEMO_SETS = {"light": 6, "medium": 12, "heavy": 18}
_MIPRO_SUMMARY = 11
_MIPRO_ATTEMPTS = 10
GEPA_MINIBATCH = 8
_GEPA_CALLS = {"light": (380, 4), "medium": (690, 5), "heavy": (1035, 7)}


class Cancelled(BaseException):
    """The training is to stop now. DSPy swallows an `Exception`, but not this."""


def expected_calls(
    optimizer: OptimizerName, training: int, validation: int, configuration: ProgramConfiguration
) -> int:
    """About how many calls the optimiser makes with so many examples (DSPy 3.4, with one predictor).

    Bootstrap: at most its training set. SIMBA: each step samples and tests on a batch, the end on everything.
    MIPROv2: a summary, the proposals, the bootstrapped sets and a validation a trial. GEPA: its own budget and
    one reflection for each mini-batch, tried before and after. And always a validation of what came out.
    """
    effort = configuration.effort
    match optimizer:
        case "bootstrap":
            calls = min(training, configuration.max_demos)
        case "simba":
            steps, candidates = SIMBA_STEPS[effort], SIMBA_CANDIDATES[effort]
            batch = min(SIMBA_BATCH, training)
            calls = steps * (batch * (2 * candidates + 1) + candidates + 1)
            calls += min(candidates + 1, steps + 1) * training
        case "mipro":
            sets, trials = _MIPRO_DEMO_SETS[effort], _MIPRO_TRIALS[effort]
            calls = _MIPRO_SUMMARY + _MIPRO_INSTRUCTIONS[effort] + sets * min(training, _MIPRO_ATTEMPTS)
            calls += validation * (1 + trials)
        case "gepa":
            fixed, full = _GEPA_CALLS[effort]
            calls = fixed + full * validation + fixed // (2 * GEPA_MINIBATCH)
    return calls + validation


class Meter:
    """Counts calls, reports them, and raises `Cancelled` in the thread that makes one after the stop."""

    def __init__(
        self, expected: int, progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> None:
        self.stage = "validation"
        self.calls = 0
        self.expected = expected
        self.best_score: float | None = None
        self._progress = progress
        self._cancelled = cancelled
        self._lock = Lock()

    def call(self) -> None:
        """Note that a call is about to be made."""
        if self._cancelled():
            raise Cancelled
        with self._lock:
            self.calls += 1
        self.report()

    def score(self, score: float) -> None:
        """Note what a program came to on the examples that are kept to choose by."""
        self.best_score = max(score, self.best_score or 0.0)
        self.report()

    def report(self) -> None:
        """Say how far it is."""
        self._progress(Progress(self.stage, self.calls, max(self.expected, self.calls), self.best_score))


def callback_of(meter: Meter) -> Any:
    """The meter as a callback of DSPy."""
    from dspy.utils.callback import BaseCallback

    class Calls(BaseCallback):  # type: ignore[misc]  # DSPy is untyped to mypy where it isn't installed
        def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            del call_id, instance, inputs
            meter.call()

    return Calls()
