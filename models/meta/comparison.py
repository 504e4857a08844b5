"""How a model and the rules would have done on the same history."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.meta.classifier import Classifier, Labels

LEAST_EXAMPLES = 20
"""With 20 examples boosted trees are right in some 78 % of an easy case; with 6 they only know its mean."""
ALLOWED_ERROR = 0.05
"""The probability of putting a model in charge that is no better than the rules."""
_BLOCKS = 10

Choose = Callable[[int, Classifier, NDArray[np.float64]], int]
"""What is chosen for the example at a place, by a classifier and its probabilities (classes,) for it."""


class Score(Struct, frozen=True, kw_only=True):
    """`accuracy` is the share of right choices; the rest counts examples.

    `paid` are trainings that were worth it, `wasted` those that were not, `missed` those worth it but not made.
    """

    accuracy: float
    paid: int
    wasted: int
    missed: int


class Report(Struct, frozen=True, kw_only=True):
    """Model and rules on the same `judged` examples; `model` is None where it had too little to learn from.

    `wins` are the examples on which only the model was right, `losses` those on which only the rules were.
    """

    judged: int
    rules: Score | None = None
    model: Score | None = None
    wins: int = 0
    losses: int = 0

    @property
    def p_value(self) -> float:
        """How likely so many wins are by chance if the model is no better (exact sign test, one-sided)."""
        total = self.wins + self.losses
        return sum(comb(total, wins) for wins in range(self.wins, total + 1)) / (1 << total)

    @property
    def model_is_better(self) -> bool:
        """Whether the model was right more often than the rules, beyond chance; a tie is not enough."""
        return self.p_value <= ALLOWED_ERROR


def shortage(labels: Labels) -> str | None:
    """Why labels (n,) are too few or too much alike to learn from, or None."""
    if len(labels) < LEAST_EXAMPLES:
        return f"{len(labels)} examples, at least {LEAST_EXAMPLES} are needed"
    if len(np.unique(labels)) < 2:
        return f"all {len(labels)} examples have the same answer"
    return None


def compare(rows: NDArray[Any], labels: Labels, rules: Labels, choose: Choose, idle: int) -> Report:
    """Score model and rules on the later half of the examples, which are given in the order of time.

    Each is chosen for by a model that was trained on earlier ones only (Dawid, "The prequential approach",
    1984), in up to ten blocks. `rules` (n,) is what the rules choose, `idle` is the label for no training.
    Where the examples don't suffice to learn from, the rules are scored on all of them.
    """
    if not len(labels):
        return Report(judged=0)
    if shortage(labels):
        return Report(judged=len(labels), rules=_score(rules, labels, idle))
    first = len(labels) // 2
    chosen = np.empty(len(labels) - first, dtype=np.int64)
    for block in np.array_split(np.arange(first, len(labels)), _BLOCKS):
        model = Classifier.fit(rows[: block[0]], labels[: block[0]])
        found = model.probabilities(rows[block])
        chosen[block - first] = [choose(i, model, row) for i, row in zip(block.tolist(), found, strict=True)]
    later = labels[first:]
    is_right, was_right = chosen == later, rules[first:] == later
    return Report(
        judged=len(later),
        rules=_score(rules[first:], later, idle),
        model=_score(chosen, later, idle),
        wins=int((is_right & ~was_right).sum()),
        losses=int((was_right & ~is_right).sum()),
    )


def _score(chosen: Labels, labels: Labels, idle: int) -> Score:
    trained, worth = chosen != idle, labels != idle
    return Score(
        accuracy=float((chosen == labels).mean()),
        paid=int((trained & worth).sum()),
        wasted=int((trained & ~worth).sum()),
        missed=int((~trained & worth).sum()),
    )
