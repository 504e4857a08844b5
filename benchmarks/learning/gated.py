"""Batch mode with the gate: the screen and the trials of the trainer's own code, one trial at a time."""

from __future__ import annotations

from benchmarks.learning.batch_mode import EVERY, Loop
from benchmarks.learning.deployed import Deployed
from benchmarks.learning.streams import Stream
from models.configuration import TrainingConfiguration
from processors.training import OnTrial, TrainingAnswer, answer
from signalbox.events import OptimizationTrigger

TRIAL_EVERY = 20
"""Decisions drawn in a trial between two looks at it, as in the worker's settings."""


class GatedLoop(Loop):
    """A candidate comes into force by the screen, on what was held out, or by a trial."""

    def __init__(
        self, stream: Stream, seed: int, configuration: TrainingConfiguration, every: int = EVERY
    ) -> None:
        super().__init__(stream, seed, configuration, every)
        self._looks = self._tried = 0
        self._judged_at = 0
        """Experiences at the last trigger or, during a trial, decisions drawn at the last look."""
        self._trial: OnTrial | None = None

    def after_decision(self) -> None:
        """Train, or look at the trial, if it is time to."""
        if self._trial is not None:
            seconds = (self.router.moment() - self._trial.begun_at).total_seconds()
            if self.router.drawn >= self._judged_at + TRIAL_EVERY or seconds >= self.configuration.trial_s:
                self._judge(self._trial)
        elif len(self.router.log) >= self._judged_at + self.every:
            self._screen()

    def promote(self, artifact: bytes) -> None:
        """Put a policy in force, with whom looks and trials are counted anew."""
        super().promote(artifact)
        self._looks = self._tried = 0

    def _screen(self) -> None:
        self._looks += 1
        self._judged_at = len(self.router.log)
        found = self._answer(self.trigger("enough_experiences", self._looks))
        if found.artifact is None:
            return
        if found.result.verdict == "promoted":
            self.promote(found.artifact)
        else:
            self.trials += 1
            self._tried += 1
            self._trial = OnTrial(found.artifact, "trial", self.router.moment(), self._tried)
            self._judged_at = 0
            self.router.deploy(self.router.champion, Deployed.of(found.artifact))

    def _judge(self, trial: OnTrial) -> None:
        self._judged_at = self.router.drawn
        digest = self.router.candidate.digest if self.router.candidate else None
        verdict = self._answer(self.trigger("trial", trial=digest), trial).result.verdict
        if verdict == "on_trial":
            return
        self._trial, self._judged_at = None, len(self.router.log)
        if verdict == "promoted":
            self.promote(trial.artifact)
        else:
            self.router.deploy(self.router.champion)

    def _answer(self, trigger: OptimizationTrigger, trial: OnTrial | None = None) -> TrainingAnswer:
        champion = self.router.champion.artifact if self.router.champion else None
        return answer(trigger, self.router.log, champion, self.configuration, on_trial=trial)
