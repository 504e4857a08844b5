"""On which data to train: ranges (of scenario group 11 what holds), classes with gaps, and what is possible."""

import numpy as np
import pytest
from hypothesis import given, settings

from models.meta import (
    ModelingContext,
    TrainingStrategy,
    TrainingStrategyModel,
    must_train,
    rows_of,
    rules_select,
    sample_counts,
    save,
    strategy_rows,
)
from tests.models.meta.histories import any_context, contexts, strategies

PURE_REAL, HYBRID, SYNTHETIC, SKIP = TrainingStrategy
HISTORY = contexts(80)
LEARNED = TrainingStrategyModel()
STATUS = LEARNED.train(HISTORY, targets=strategies(HISTORY))


def context(real: int, synthetic: int) -> ModelingContext:
    return ModelingContext(real_sample_count=real, synthetic_sample_count=synthetic)


@pytest.mark.parametrize(
    ("real", "synthetic", "strategy"),
    [
        # Scenario group 11.
        (5, 100, SYNTHETIC),
        (5, 10, SKIP),
        (150, 0, PURE_REAL),
        # There (50, 80) was hybrid; from 50 on it is real examples alone.
        (50, 80, PURE_REAL),
        (0, 50, SYNTHETIC),
        (19, 50, SYNTHETIC),
        (19, 49, SKIP),
        (20, 100, HYBRID),
        (49, 49, HYBRID),
        (49, 48, PURE_REAL),
        (20, 0, PURE_REAL),
        (0, 0, SKIP),
    ],
)
def test_the_rules(real: int, synthetic: int, strategy: TrainingStrategy) -> None:
    assert TrainingStrategyModel().select_strategy(context(real, synthetic)) is strategy


@pytest.mark.parametrize(
    ("strategy", "real", "synthetic", "counts"),
    [
        (HYBRID, 30, 100, (30, 30)),
        (SYNTHETIC, 5, 100, (0, 50)),
        (SYNTHETIC, 30, 100, (0, 60)),
        (SYNTHETIC, 5, 40, (0, 40)),
        (PURE_REAL, 70, 100, (70, 0)),
        (SKIP, 70, 100, (0, 0)),
    ],
)
def test_how_much_a_strategy_takes(
    strategy: TrainingStrategy, real: int, synthetic: int, counts: tuple[int, int]
) -> None:
    assert sample_counts(strategy, context(real, synthetic)) == counts


def test_labels_and_strategies_go_round() -> None:
    assert [strategy.label for strategy in (PURE_REAL, HYBRID, SYNTHETIC, SKIP)] == [0, 1, 2, 3]
    assert [TrainingStrategy.of_label(strategy.label) for strategy in TrainingStrategy] == list(
        TrainingStrategy
    )
    for label in (-1, 4):
        with pytest.raises(ValueError, match=f"label: {label}"):
            TrainingStrategy.of_label(label)


def test_rows_tell_a_cold_start() -> None:
    rows = strategy_rows([context(9, 0), context(10, 0)])
    assert rows.shape == (2, 9)
    assert rows[:, 8].tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(rows[:, :8], rows_of([context(9, 0), context(10, 0)]))
    assert strategy_rows([]).shape == (0, 9)


@pytest.mark.parametrize(
    ("count", "reason"), [(1, "1 examples"), (19, "19 examples"), (25, "all 25 examples have the same answer")]
)
def test_too_little_leaves_the_rules_in_charge(count: int, reason: str) -> None:
    model = TrainingStrategyModel()
    status = model.train(HISTORY[:count], targets=[PURE_REAL] * count)
    assert (status["status"], status["in_charge"]) == ("insufficient_data", "rules")
    assert reason in status["reason"]
    assert model.select_strategy(context(5, 100)) is SYNTHETIC


def test_classes_with_a_gap_are_learned() -> None:
    assert STATUS["status"] == "success" and LEARNED.classifier
    assert LEARNED.classifier.classes == (0, 3)
    assert STATUS["accuracy"] > 0.9 > STATUS["rules_accuracy"]
    fresh = contexts(100, seed=1)
    pairs = zip(fresh, strategies(fresh), strict=True)
    assert np.mean([LEARNED.select_strategy(item) is right for item, right in pairs]) > 0.9
    report = LEARNED.report(HISTORY, strategies(HISTORY))
    assert report.model and report.rules and report.model.wasted < report.rules.wasted


def test_three_classes_are_learned() -> None:
    history = contexts(120, seed=3)
    third = (1 / 3, 2 / 3)
    right = [
        (PURE_REAL, HYBRID, SKIP)[int(np.digitize(item.data_quality_score or 0.0, third))] for item in history
    ]
    model = TrainingStrategyModel()
    assert model.train(history, targets=right)["status"] == "success"
    assert model.classifier and model.classifier.classes == (0, 1, 3)
    found = [model.select_strategy(item) for item in history if item.synthetic_sample_count]
    known = [answer for item, answer in zip(history, right, strict=True) if item.synthetic_sample_count]
    assert np.mean([one is other for one, other in zip(found, known, strict=True)]) > 0.95


@settings(max_examples=150, deadline=None)
@given(any_context)
def test_a_strategy_has_its_data_and_the_floor_is_not_skipped(known: ModelingContext) -> None:
    for model in (TrainingStrategyModel(), LEARNED):
        strategy = model.select_strategy(known)
        real, synthetic = sample_counts(strategy, known)
        assert (real > 0) == (strategy in {PURE_REAL, HYBRID})
        assert (synthetic > 0) == (strategy in {SYNTHETIC, HYBRID})
        assert strategy is not SKIP or not must_train(known)
        assert model.select_strategy(known) is strategy
    assert rules_select(known) is not SKIP or not must_train(known)


def test_the_same_history_gives_the_same_bytes() -> None:
    again = TrainingStrategyModel()
    assert again.train(HISTORY, targets=strategies(HISTORY)) == STATUS
    assert save(again) == save(LEARNED)
