"""Predictions for every experience by a model that has not seen its reward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.examples import Examples, Places
from models.ope.reward_model import RewardModel, fit_reward_model
from signalbox.topics import stable_hash

FOLDS = 5
_SALT = "fold/"
# So that the folds are independent of the shard and of what is held out, which hash the same id.


def fold_of(decision_id: str, folds: int = FOLDS) -> int:
    """The fold, 0 to `folds` - 1, that a decision belongs to in every process and for ever."""
    return stable_hash(_SALT + decision_id) % folds


def folds_of(decision_ids: Iterable[str], folds: int = FOLDS) -> Places:
    """The fold of each decision, shape (n,)."""
    return np.array([fold_of(decision_id, folds) for decision_id in decision_ids], dtype=np.intp)


def cross_fit(
    examples: Examples, folds: Places, fit: Callable[[Examples], RewardModel] = fit_reward_model
) -> NDArray[np.float64]:
    """The expected rewards (n, agents), each by the model that was fitted to all folds but the example's own.

    Chernozhukov et al., "Double/debiased machine learning for treatment and structural parameters", 2018,
    section 3. Where all examples lie in one fold there is nothing to learn from: .5 for every agent.
    """
    predicted = np.full((len(examples), len(examples.agents)), 0.5)
    for fold in np.unique(folds):
        seen, judged = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if len(seen):
            predicted[judged] = fit(_select(examples, seen)).predict(examples.vectors.select(judged))
    return predicted


def _select(examples: Examples, which: Places) -> Examples:
    return replace(
        examples,
        vectors=examples.vectors.select(which),
        eligible=examples.eligible[which],
        chosen=examples.chosen[which],
        rewards=examples.rewards[which],
        propensities=examples.propensities[which],
    )
