"""Weights as order and as repetition: DSPy's optimisers know no others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.programs.example import ProgramExample

LEAST_VALIDATION, MOST_VALIDATION = 10, 40


def by_weight(rows: Sequence[ProgramExample], seed: int) -> list[ProgramExample]:
    """All rows in the order of a draw without replacement in which a row's chance is its weight.

    After Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006.
    """
    if not rows:
        return []
    weights = np.array([row.weight for row in rows])
    keys = np.random.default_rng(seed).exponential(size=len(rows)) / weights
    return [rows[place] for place in np.argsort(keys, kind="stable")]


def resampled(rows: Sequence[ProgramExample], seed: int) -> list[ProgramExample]:
    """As many rows, each as often as its share of the weights says, to within one: all once if they are equal.

    Systematic resampling: equal steps through the cumulative weights from one random start.
    """
    if not rows:
        return []
    weights = np.array([row.weight for row in rows])
    edges = np.cumsum(weights) / weights.sum()
    points = (np.arange(len(rows)) + np.random.default_rng(seed).random()) / len(rows)
    places = np.minimum(np.searchsorted(edges, points, side="right"), len(rows) - 1)
    return [rows[place] for place in places]


def validation_size(examples: int) -> int:
    """How many of so many examples are kept to choose between programs: a third, but 10 of few and 40 of many.

    Fewer than 10 (or a half) could hardly tell programs apart; more than 40 would eat the optimisers' budgets,
    GEPA's above all, and teach nothing.
    """
    return min(max(examples // 3, min(examples // 2, LEAST_VALIDATION)), MOST_VALIDATION)


def divided(rows: Sequence[ProgramExample], seed: int) -> tuple[list[ProgramExample], list[ProgramExample]]:
    """Rows for the optimisers, and those kept to choose by; fewer than two can't be parted, and are both."""
    order = np.random.default_rng(seed).permutation(len(rows))
    kept = set(order[: validation_size(len(rows))].tolist())
    if not kept:
        return list(rows), list(rows)
    training = [row for place, row in enumerate(rows) if place not in kept]
    return training, [row for place, row in enumerate(rows) if place in kept]
