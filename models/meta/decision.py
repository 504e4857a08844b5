"""Whether a training is likely to be worth it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.meta.classifier import Classifier, Labels
from models.meta.comparison import Report, compare
from models.meta.context import ModelingContext, rows_of
from models.meta.rules import must_train, rules_decide
from models.meta.training import in_charge, paired, trained

WORTH_IT = 0.02
"""A training whose measured improvement (in reward per decision) is above this was worth it."""
USUAL_GAIN = 0.1
"""What a training that is worth it improves, where the history tells no numbers."""


@dataclass
class TrainingDecisionModel:
    """The specification's rules until boosted trees were right more often than they on past trainings.

    `classifier` is None where the rules are in charge; `gain` is the mean improvement of past trainings that
    were worth it.
    """

    classifier: Classifier | None = None
    gain: float = USUAL_GAIN

    @property
    def is_trained(self) -> bool:
        """Whether the trees are in charge, and not the rules."""
        return self.classifier is not None

    def should_train(self, context: ModelingContext) -> tuple[bool, float]:
        """Whether to train, and the improvement to expect (reward per decision).

        The trees say yes above a probability of one half, and expect that share of the usual gain. They can't
        say no where `must_train` says yes, nor yes where there is no example at all.
        """
        if self.classifier is None:
            return rules_decide(context)
        found = self.classifier.probabilities(rows_of([context]))[0]
        probability = _worth(self.classifier, found)
        if probability <= 0.5 and must_train(context):
            return rules_decide(context)
        return _says_yes(context, probability), probability * self.gain

    def train(self, contexts: Sequence[ModelingContext], targets: Sequence[bool | float]) -> dict[str, Any]:
        """Learn from past trainings, the oldest first: their contexts, and what they improved or whether.

        Returns what `models.meta.training.trained` says. With fewer than 20 examples or only one answer
        nothing changes; trees that aren't better than the rules beyond chance leave those in charge.
        Raises `ValueError` for targets that don't fit.
        """
        labels, report = _labels(contexts, targets), self.report(contexts, targets)
        fitted, status = trained(rows_of(contexts), labels, report)
        if status["status"] != "insufficient_data":
            self.classifier, self.gain = fitted, _gain(targets)
            status["positive_rate"] = float(labels.mean())
        return {**status, "in_charge": in_charge(self.classifier)}

    def report(self, contexts: Sequence[ModelingContext], targets: Sequence[bool | float]) -> Report:
        """How trees and rules would have done on this history, the oldest first; see `comparison.compare`."""
        labels = _labels(contexts, targets)
        rules = np.array([rules_decide(context)[0] for context in contexts], dtype=np.int64)

        def choose(place: int, model: Classifier, found: NDArray[np.float64]) -> int:
            return _says_yes(contexts[place], _worth(model, found)) or must_train(contexts[place])

        return compare(rows_of(contexts), labels, rules, choose, idle=0)


def _says_yes(context: ModelingContext, probability: float) -> bool:
    has_examples = context.real_sample_count + context.synthetic_sample_count > 0
    return has_examples and probability > 0.5


def _worth(model: Classifier, found: NDArray[np.float64]) -> float:
    return float(found[model.classes.index(1)]) if 1 in model.classes else 0.0


def _labels(contexts: Sequence[ModelingContext], targets: Sequence[bool | float]) -> Labels:
    paired(contexts, targets)
    for place, target in enumerate(targets):
        if not math.isfinite(target):
            raise ValueError(f"targets[{place}]: {target} is no improvement")
    return np.array([_is_worth(target) for target in targets], dtype=np.int64)


def _is_worth(target: bool | float) -> bool:
    return bool(target) if isinstance(target, (bool, np.bool_)) else target > WORTH_IT


def _gain(targets: Sequence[bool | float]) -> float:
    known = [float(t) for t in targets if not isinstance(t, (bool, np.bool_)) and t > WORTH_IT]
    return math.fsum(known) / len(known) if known else USUAL_GAIN
