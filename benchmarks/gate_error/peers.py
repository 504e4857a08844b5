"""Gates as others build them: intervals that are right only for many and well-behaved values."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_RESAMPLES, _MOST_VALUES = 500, 3_000


def normal_bound(values: Floats, error: float) -> float:
    """The lower end of a normal interval for the mean of values (n,)."""
    deviation = float(values.std(ddof=1)) / np.sqrt(len(values))
    return float(values.mean()) - NormalDist().inv_cdf(1.0 - error) * float(deviation)


def normal_bound_of_looks(values: Floats, error: float, looks: int) -> float:
    """The highest lower end of normal intervals, asked `looks` times while the values (n,) came in."""
    counts = np.arange(1, looks + 1) * (len(values) // looks)
    means = values.cumsum()[counts - 1] / counts
    squares = np.square(values).cumsum()[counts - 1] / counts
    deviations = np.sqrt(np.maximum(squares - means * means, 0.0) / counts)
    return float((means - NormalDist().inv_cdf(1.0 - error) * deviations).max())


def resamples(rng: np.random.Generator) -> Floats:
    """How often each value is drawn in each resample: Poisson weights, so that zeros need not be drawn."""
    return rng.poisson(1.0, (_RESAMPLES, _MOST_VALUES)).astype(np.float64)


def bootstrap_bound(values: Floats, error: float, drawn: Floats) -> float:
    """The lower end of a percentile bootstrap interval for the mean of values (n,), most of them 0."""
    some = values[values != 0.0]
    sums = drawn[:, : len(some)] @ some
    return float(np.quantile(sums / len(values), error))
