"""Pearson's correlation, where it says something."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """In [-1, 1]; 0 with less than two pairs, or where one side doesn't vary."""
    if len(pairs) < 2:
        return 0.0
    one, other = np.asarray(pairs, dtype=np.float64).T
    if np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
