"""Learning as the service does it: a trigger every so many experiences, answered by the trainer's own code."""

from __future__ import annotations

from msgspec import Struct, structs

from benchmarks.learning.continued import ContinuedValue
from benchmarks.learning.deployed import TENANT, Deployed, SimulatedRouter
from benchmarks.learning.streams import Stream
from models.configuration import TrainingConfiguration
from models.errors import NothingToLearn
from models.learner import Learner, learner_for
from processors.training import answers
from processors.training.candidate import manifest_of
from signalbox.events import OptimizationTrigger, TriggerReason
from signalbox.policy import Artifact, pack

EVERY = 50
"""Experiences between two triggers that train."""
EVERY_SLOW = 300
"""The same for what would take many minutes: GRPO's trainings, and screens, read the whole log each time."""


class BatchRun(Struct, frozen=True, kw_only=True):
    """Mean rewards of all decisions and of the test queries, and how many candidates were promoted or tried."""

    progressive: float
    greedy: float
    promotions: int
    trials: int


class Loop:
    """Router and trainer in turn; without a gate, every candidate comes into force."""

    def __init__(
        self, stream: Stream, seed: int, configuration: TrainingConfiguration, every: int = EVERY
    ) -> None:
        self.every = every
        self.router = SimulatedRouter(stream, seed)
        self.configuration = structs.replace(configuration, seed=seed)
        self.promotions = self.trials = 0
        learner = self.configuration.learner
        self._learner: Learner = ContinuedValue() if learner == "value" else learner_for(self.configuration)

    def run(self) -> BatchRun:
        """One pass over the stream, then its test queries."""
        count = len(self.router.stream)
        for _ in range(count):
            self.router.decide_next()
            self.after_decision()
        return BatchRun(
            progressive=self.router.earned / count,
            greedy=self.router.tested(),
            promotions=self.promotions,
            trials=self.trials,
        )

    def after_decision(self) -> None:
        """Train, if it is time to."""
        if len(self.router.log) % self.every == 0:
            artifact = self._train(self.trigger("enough_experiences"))
            if artifact is not None:
                self.promote(artifact)

    def _train(self, trigger: OptimizationTrigger) -> bytes | None:
        champion = self.router.champion
        deployed = answers.Deployed(champion.policy, champion.digest) if champion else None
        try:
            trained = self._learner.fit(
                self.router.log, deployed.policy if deployed else None, self.configuration
            )
        except NothingToLearn:
            return None
        return pack(Artifact(manifest_of(trigger, deployed, self.configuration, trained), trained.tensors))

    def promote(self, artifact: bytes) -> None:
        """Put a policy in force, alone."""
        self.promotions += 1
        self.router.deploy(Deployed.of(artifact))

    def trigger(self, reason: TriggerReason, look: int = 1, trial: str | None = None) -> OptimizationTrigger:
        """What the worker would ask now."""
        router = self.router
        return OptimizationTrigger(
            tenant_id=TENANT,
            occurred_at=router.moment(),
            trigger_id=f"trigger-{len(router.log)}",
            tenant_key=TENANT,
            scope="routing",
            reasons=(reason,),
            windows=(),
            ranges=(),
            buffer_digest="",
            experiences=len(router.log),
            look=look,
            seed=self.configuration.seed + len(router.log),
            code_version="benchmark",
            configuration={},
            run="benchmark",
            batch=0,
            champion_digest=router.champion.digest if router.champion else None,
            trial_digest=trial,
        )
