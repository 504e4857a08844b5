"""Past trainings as examples: what was known before each, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from models.meta.context import ModelingContext
from models.meta.decision import WORTH_IT
from models.meta.strategy import TrainingStrategy
from signalbox.events import TrainingResult


class TrainingPlan(Struct, frozen=True, kw_only=True):
    """What was known when a training was asked for, and on which data it was to run."""

    context: ModelingContext
    strategy: TrainingStrategy | None = None


class PastTraining(Struct, frozen=True, kw_only=True):
    """A plan with the measured improvement of its candidate over the champion, in reward per decision."""

    trigger_id: str
    plan: TrainingPlan
    improvement: float


def past_trainings(plans: Mapping[str, TrainingPlan], results: Iterable[TrainingResult]) -> list[PastTraining]:
    """The trainings of which it is known what they improved, in the order in which that became known.

    `plans` are by trigger. A trial's end counts for the training that its candidate is from, under whichever
    trigger it was judged. A candidate without enough evidence came to nothing: 0. So did a policy that was
    rolled back because it broke its promise. A training that failed, or that never ran because its champion
    was gone, says nothing and is left out, as is one whose trial goes on. Results may repeat and come in any
    order.
    """
    on_trial: dict[str, str] = {}
    promoted: dict[str, str] = {}
    known: dict[str, float] = {}
    for result in sorted(results, key=_order):
        trigger = on_trial.get(result.digest or "", result.trigger_id)
        if result.verdict == "rolled_back" and result.reason == "below_promise":
            trigger = promoted.get(result.champion_digest or "", "")
            if trigger:
                known[trigger] = 0.0
            continue
        if trigger not in plans:
            continue
        if result.verdict == "on_trial" and result.digest:
            on_trial[result.digest] = trigger
        elif result.verdict in {"promoted", "rejected"}:
            improvement = _measured(result)
            if improvement is not None:
                known.setdefault(trigger, improvement)
            if result.verdict == "promoted" and result.digest:
                promoted[result.digest] = trigger
    return [PastTraining(trigger_id=key, plan=plans[key], improvement=value) for key, value in known.items()]


def decision_history(past: Sequence[PastTraining]) -> tuple[list[ModelingContext], list[float]]:
    """Contexts and improvements, for `TrainingDecisionModel.train`."""
    return [item.plan.context for item in past], [item.improvement for item in past]


def strategy_history(past: Sequence[PastTraining]) -> tuple[list[ModelingContext], list[TrainingStrategy]]:
    """Contexts and right strategies, for `TrainingStrategyModel.train`: the used one, or SKIP if it didn't pay.

    Trainings whose strategy isn't known, or that were to be skipped, are left out.
    """
    used = [item for item in past if item.plan.strategy not in (None, TrainingStrategy.SKIP)]
    return [item.plan.context for item in used], [_right(item) for item in used]


def _right(item: PastTraining) -> TrainingStrategy:
    strategy = item.plan.strategy
    return TrainingStrategy.SKIP if strategy is None or item.improvement <= WORTH_IT else strategy


def _measured(result: TrainingResult) -> float | None:
    if result.improvement is not None:
        return result.improvement.value
    return 0.0 if result.reason == "insufficient_evidence" else None


def _order(result: TrainingResult) -> tuple[float, str, str]:
    return result.occurred_at.timestamp(), result.trigger_id, result.verdict
