"""On which data to train, as past trainings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.meta.classifier import Classifier, Labels
from models.meta.comparison import Report, compare
from models.meta.context import FEATURES, ModelingContext, Rows, rows_of
from models.meta.rules import must_train
from models.meta.strategy import TrainingStrategy, is_possible, rules_select
from models.meta.training import in_charge, paired, trained

STRATEGY_FEATURES = (*FEATURES, "is_cold_start")


@dataclass
class TrainingStrategyModel:
    """The rules until boosted trees were right more often than they; `classifier` is None until then."""

    classifier: Classifier | None = None

    @property
    def is_trained(self) -> bool:
        """Whether the trees are in charge, and not the rules."""
        return self.classifier is not None

    def select_strategy(self, context: ModelingContext) -> TrainingStrategy:
        """The likeliest strategy for which there is data; not to skip where `must_train` says yes."""
        if self.classifier is None:
            return rules_select(context)
        return _likeliest(context, self.classifier, self.classifier.probabilities(strategy_rows([context]))[0])

    def train(self, contexts: Sequence[ModelingContext], targets: Sequence[TrainingStrategy]) -> dict[str, Any]:
        """Learn from past trainings, the oldest first: their contexts, and the strategies that were right.

        Returns what `models.meta.training.trained` says. With fewer than 20 examples or only one strategy
        nothing changes; trees that aren't better than the rules beyond chance leave those in charge.
        Raises `ValueError` for targets that don't fit.
        """
        labels, report = _labels(contexts, targets), self.report(contexts, targets)
        fitted, status = trained(strategy_rows(contexts), labels, report)
        if status["status"] != "insufficient_data":
            self.classifier = fitted
        return {**status, "in_charge": in_charge(self.classifier)}

    def report(self, contexts: Sequence[ModelingContext], targets: Sequence[TrainingStrategy]) -> Report:
        """How trees and rules would have chosen on this history, the oldest first; see `comparison.compare`."""
        labels = _labels(contexts, targets)
        rules = np.array([rules_select(context).label for context in contexts], dtype=np.int64)

        def choose(place: int, model: Classifier, found: NDArray[np.float64]) -> int:
            return _likeliest(contexts[place], model, found).label

        return compare(strategy_rows(contexts), labels, rules, choose, idle=TrainingStrategy.SKIP.label)


def strategy_rows(contexts: Sequence[ModelingContext]) -> Rows:
    """The contexts as rows (n, 9) in the order of `STRATEGY_FEATURES`."""
    cold = np.array([context.is_cold_start for context in contexts], dtype=np.float32)
    return np.column_stack([rows_of(contexts), cold])


def _likeliest(context: ModelingContext, model: Classifier, found: NDArray[np.float64]) -> TrainingStrategy:
    for place in np.argsort(-found, kind="stable").tolist():
        strategy = TrainingStrategy.of_label(model.classes[place])
        if strategy is TrainingStrategy.SKIP and must_train(context):
            continue
        if is_possible(strategy, context):
            return strategy
    return rules_select(context)


def _labels(contexts: Sequence[ModelingContext], targets: Sequence[TrainingStrategy]) -> Labels:
    paired(contexts, targets)
    return np.array([TrainingStrategy(target).label for target in targets], dtype=np.int64)
