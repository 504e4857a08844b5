"""Which class a row belongs to, whatever the classes' numbers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.meta.booster import fit, predict

if TYPE_CHECKING:
    from xgboost import Booster

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Classifier:
    """Boosted trees for `classes`, at least two in ascending order; for a single one no trees are needed."""

    classes: tuple[int, ...]
    booster: Booster | None

    @classmethod
    def fit(cls, rows: NDArray[Any], labels: Labels) -> Classifier:
        """Learn from rows (n, features) and labels (n,), n at least 1.

        XGBoost numbers its classes from 0 without gaps, so that labels such as {0, 3} are renumbered.
        """
        classes, numbers = np.unique(labels, return_inverse=True)
        known = tuple(classes.tolist())
        if len(known) == 1:
            return cls(known, None)
        if len(known) == 2:
            return cls(known, fit(rows, numbers, "binary:logistic"))
        return cls(known, fit(rows, numbers, "multi:softprob", num_class=len(known)))

    def probabilities(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """The probability of every class, shape (n, classes)."""
        if self.booster is None:
            return np.ones((len(rows), 1))
        found = predict(self.booster, rows)
        return np.column_stack([1.0 - found, found]) if found.ndim == 1 else found
