"""A tenant of the service without Kafka: the worker's state of its scope, the trainer's answers, a router."""

from __future__ import annotations

import copy

from msgspec import structs

from benchmarks.learning.deployed import TENANT, Deployed, SimulatedRouter
from benchmarks.learning.streams import Stream
from models.configuration import TrainingConfiguration
from processors.scope import ScopeState
from processors.training import OnTrial, TrainingAnswer, answer
from processors.training.former import former_digest
from processors.trigger import TriggerPolicy
from processors.waiting import Waiting
from signalbox.events import (
    Experience,
    OptimizationTrigger,
    TrainingResult,
    TriggerReason,
    encode,
    epoch_s,
    moment_at,
)

TRIGGERS = TriggerPolicy()
"""The service's own."""


class Service:
    """Decides, watches, trains, tries and promotes as worker, trainer and routers do, with their own code.

    An answer takes no time. `rewards` are those of all decisions, `alarms` the numbers of decisions at which
    they were found to have changed.
    """

    def __init__(
        self,
        stream: Stream,
        seed: int,
        configuration: TrainingConfiguration | None = None,
        triggers: TriggerPolicy = TRIGGERS,
    ) -> None:
        self._configuration = structs.replace(configuration or TrainingConfiguration(), seed=seed)
        self.router = SimulatedRouter(stream, seed, self._configuration.trial_share)
        self.rewards: list[float] = []
        self.alarms: list[int] = []
        self._triggers = triggers
        self._state = ScopeState()
        self._archive: dict[str, bytes] = {}
        self._trial: OnTrial | None = None
        self._tried = self._asked = 0
        self.promotions = self.trials = 0

    def forked(self, stream: Stream, triggers: TriggerPolicy) -> Service:
        """The same service, from here on with another future and with these triggers."""
        other = copy.copy(self)
        other._triggers = triggers
        other.router = self.router.forked(stream)
        other.rewards, other.alarms = self.rewards.copy(), self.alarms.copy()
        other._archive = self._archive.copy()
        other._state = ScopeState.restored(self._state.row())
        return other

    def decide_next(self) -> None:
        """Decide the next query, learn what it earned, and do what follows from that."""
        self.router.decide_next()
        latest, changed_at_s = self.router.log[-1], self._state.changed_at_s
        self.rewards.append(latest.reward)
        self._state.observe(latest.reward, _waiting(latest), self._triggers)
        if self._state.changed_at_s != changed_at_s:
            self.alarms.append(len(self.router.log))
        reasons = self._state.reasons(self._triggers, self._now_s())
        if reasons:
            self._deploy(self._answered(self._trigger(reasons)))

    def _now_s(self) -> float:
        return epoch_s(self.router.moment())

    def _trigger(self, reasons: tuple[TriggerReason, ...]) -> OptimizationTrigger:
        state, count = self._state, len(self.router.log)
        self._asked += 1
        trigger = OptimizationTrigger(
            tenant_id=TENANT,
            occurred_at=self.router.moment(),
            trigger_id=f"trigger-{self._asked}",
            tenant_key=TENANT,
            scope="routing",
            reasons=reasons,
            windows=(),
            ranges=(),
            buffer_digest="",
            experiences=count,
            look=state.looks + 1,
            seed=self._configuration.seed + count,
            code_version="benchmark",
            configuration={},
            run="benchmark",
            batch=0,
            champion_digest=state.champion_digest,
            trial_digest=state.trial.digest if state.trial else None,
            changed_at=None if state.changed_at_s is None else moment_at(state.changed_at_s),
        )
        state.triggered(trigger.trigger_id, self._now_s(), reasons)
        return trigger

    def _answered(self, trigger: OptimizationTrigger) -> TrainingResult:
        champion = self.router.champion
        former = former_digest(trigger, champion.policy.manifest if champion else None)
        answered: TrainingAnswer = answer(
            trigger,
            self.router.log,
            champion.artifact if champion else None,
            self._configuration,
            on_trial=self._trial,
            former=self._archive[former] if former else None,
        )
        result = answered.result
        if answered.artifact is not None and result.digest:
            self._archive[result.digest] = answered.artifact
        self._state.answered(result, self._now_s(), len(self.router.log))
        return result

    def _deploy(self, result: TrainingResult) -> None:
        """What routers make of an answer."""
        router, data = self.router, self._archive.get(result.digest or "")
        if result.verdict in ("promoted", "rolled_back") and data:
            self._trial, self._tried = None, 0
            router.deploy(Deployed.of(data))
            self.promotions += 1
        elif result.verdict == "on_trial" and result.reason != "undecided" and data:
            self._tried += 1
            self.trials += 1
            self._trial = OnTrial(data, "trial", router.moment(), self._tried)
            router.deploy(router.champion, Deployed.of(data))
        elif result.verdict == "rejected" and result.trial:
            self._trial = None
            router.deploy(router.champion)


def _waiting(item: Experience) -> Waiting:
    decision = item.decision
    return Waiting(
        hash=0,
        occurred_s=epoch_s(item.occurred_at),
        tenant_key=TENANT,
        tenant_id=TENANT,
        decision_id=item.decision_id,
        agent=decision.chosen_agent,
        modality=decision.modality,
        propensity=item.propensity,
        raw=encode(decision),
    )
