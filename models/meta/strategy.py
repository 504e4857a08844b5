"""On which data to train, by rules."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from models.meta.context import ModelingContext
from models.meta.rules import ENOUGH_REAL

SOME_REAL = 20
"""With fewer real examples, only synthetic ones can be trained on; from here on they are mixed."""
SOME_SYNTHETIC = 50
"""So many synthetic examples are a training set of their own."""


class TrainingStrategy(StrEnum):
    """Real examples, as many synthetic ones with them, synthetic ones alone, or no training."""

    PURE_REAL = "pure_real"
    HYBRID = "hybrid"
    SYNTHETIC = "synthetic"
    SKIP = "skip"

    @property
    def label(self) -> int:
        """The strategy's class, 0 to 3."""
        return _ORDER.index(self)

    @classmethod
    def of_label(cls, label: int) -> TrainingStrategy:
        """The strategy of a class; raises `ValueError` for what is none."""
        if not 0 <= label < len(_ORDER):
            raise ValueError(f"label: {label} is not between 0 and {len(_ORDER) - 1}")
        return _ORDER[label]


_ORDER = tuple(TrainingStrategy)


class SampleCounts(NamedTuple):
    """How many examples of either kind a training takes."""

    real: int
    synthetic: int


def rules_select(context: ModelingContext) -> TrainingStrategy:
    """Synthetic below 20 real examples, hybrid below 50, real ones alone from 50 on.

    Where there aren't synthetic examples for that (50 alone, or one to each real one), fewer than 20 real ones
    don't suffice, and more must do alone.
    """
    real, synthetic = context.real_sample_count, context.synthetic_sample_count
    if real < SOME_REAL:
        return TrainingStrategy.SYNTHETIC if synthetic >= SOME_SYNTHETIC else TrainingStrategy.SKIP
    if real < ENOUGH_REAL and synthetic >= real:
        return TrainingStrategy.HYBRID
    return TrainingStrategy.PURE_REAL


def sample_counts(strategy: TrainingStrategy, context: ModelingContext) -> SampleCounts:
    """What a strategy takes of what there is: mixed 1:1; synthetic alone twice the real ones, at least 50."""
    real, synthetic = context.real_sample_count, context.synthetic_sample_count
    match strategy:
        case TrainingStrategy.PURE_REAL:
            return SampleCounts(real, 0)
        case TrainingStrategy.HYBRID:
            return SampleCounts(real, min(real, synthetic))
        case TrainingStrategy.SYNTHETIC:
            return SampleCounts(0, min(max(SOME_SYNTHETIC, 2 * real), synthetic))
        case TrainingStrategy.SKIP:
            return SampleCounts(0, 0)


def is_possible(strategy: TrainingStrategy, context: ModelingContext) -> bool:
    """Whether there are examples of each kind that the strategy names; always for skipping."""
    real, synthetic = sample_counts(strategy, context)
    needs_real = strategy in {TrainingStrategy.PURE_REAL, TrainingStrategy.HYBRID}
    needs_synthetic = strategy in {TrainingStrategy.SYNTHETIC, TrainingStrategy.HYBRID}
    return (real > 0 or not needs_real) and (synthetic > 0 or not needs_synthetic)
