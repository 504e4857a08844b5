"""Verdicts become labelled examples."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.meta import (
    ModelingContext,
    TrainingDecisionModel,
    TrainingPlan,
    TrainingStrategy,
    decision_history,
    past_trainings,
    strategy_history,
)
from signalbox.events import Estimate, TrainingResult
from tests.models.logs import START
from tests.models.meta.histories import contexts, improvements

ONE, TWO = "1" * 64, "2" * 64


def result(
    minute: int, trigger: str, verdict: Any, reason: Any, improvement: float | None = None, **more: Any
) -> TrainingResult:
    estimate = None
    if improvement is not None:
        estimate = Estimate(
            value=improvement, lower=-1.0, upper=1.0, samples=9, effective_samples=9.0, largest_weight=1.0
        )
    return TrainingResult(
        tenant_id="acme",
        occurred_at=START + timedelta(minutes=minute),
        trigger_id=trigger,
        tenant_key="acme",
        scope="modality:video",
        verdict=verdict,
        reason=reason,
        message="",
        improvement=estimate,
        **more,
    )


def plan(real: int, strategy: TrainingStrategy | None = TrainingStrategy.PURE_REAL) -> TrainingPlan:
    return TrainingPlan(context=ModelingContext(real_sample_count=real), strategy=strategy)


PLANS = {"a": plan(1), "b": plan(2), "c": plan(3, TrainingStrategy.HYBRID)}
TRIAL = [
    result(1, "a", "on_trial", "promising", 0.04, digest=ONE),
    result(2, "t1", "on_trial", "undecided", 0.05, digest=ONE),
    result(3, "b", "rejected", "not_proven", 0.01),
    result(4, "t2", "promoted", "better", 0.07, digest=ONE),
]
ROLLBACK = result(5, "p", "rolled_back", "below_promise", champion_digest=ONE, digest=TWO)


def known(results: Sequence[TrainingResult]) -> dict[str, float]:
    return {item.trigger_id: item.improvement for item in past_trainings(PLANS, results)}


@pytest.mark.parametrize(
    ("results", "found"),
    [
        ([result(1, "a", "promoted", "better", 0.08, digest=ONE)], {"a": 0.08}),
        ([result(1, "a", "rejected", "worse", -0.2)], {"a": -0.2}),
        ([result(1, "a", "rejected", "insufficient_evidence")], {"a": 0.0}),
        ([result(1, "a", "failed", "error")], {}),
        ([result(1, "a", "rejected", "stale_champion")], {}),
        ([result(1, "unplanned", "promoted", "better", 0.08)], {}),
        (TRIAL[:3], {"b": 0.01}),
        (TRIAL, {"b": 0.01, "a": 0.07}),
        ([*TRIAL, ROLLBACK], {"b": 0.01, "a": 0.0}),
        ([*TRIAL, result(5, "p", "rolled_back", "requested", champion_digest=ONE)], {"b": 0.01, "a": 0.07}),
        ([], {}),
    ],
)
def test_what_a_verdict_says_of_its_training(results: list[TrainingResult], found: dict[str, float]) -> None:
    assert known(results) == found


@given(st.permutations([*TRIAL, ROLLBACK, TRIAL[2], TRIAL[3]]))
def test_repeats_and_the_order_of_arrival_say_nothing(results: list[TrainingResult]) -> None:
    assert past_trainings(PLANS, results) == past_trainings(PLANS, [*TRIAL, ROLLBACK])


def test_histories_are_what_the_models_learn_from() -> None:
    plans = {**PLANS, "d": plan(4, None), "e": plan(5, TrainingStrategy.SKIP)}
    results = [result(i, name, "rejected", "not_proven", 0.01 * i) for i, name in enumerate("abcde", 1)]
    past = past_trainings(plans, results)
    where, gains = decision_history(past)
    assert [item.real_sample_count for item in where] == [1, 2, 3, 4, 5]
    assert gains == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])
    where, right = strategy_history(past)
    assert [item.real_sample_count for item in where] == [1, 2, 3]
    assert right == [TrainingStrategy.SKIP, TrainingStrategy.SKIP, TrainingStrategy.HYBRID]


def test_verdicts_put_a_model_in_charge() -> None:
    before = contexts(60)
    plans = {f"t{i:03}": TrainingPlan(context=item) for i, item in enumerate(before)}
    results = [
        result(i, f"t{i:03}", "promoted" if gain > 0 else "rejected", "better" if gain > 0 else "worse", gain)
        for i, gain in enumerate(improvements(before))
    ]
    model = TrainingDecisionModel()
    assert model.train(*decision_history(past_trainings(plans, results)))["in_charge"] == "model"
