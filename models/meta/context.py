"""What is known when it is to be decided whether, and on which data, to train."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from models.meta.modality import QueryModality

Rows = NDArray[np.float32]

NEVER_DAYS = 999.0
"""Days since the last training where there was none."""
COLD_START = 10
"""With fewer real examples than this, a start is cold."""

_COUNTS, _DAYS = ("real_sample_count", "synthetic_sample_count"), "days_since_last_training"
FEATURES = (
    *_COUNTS,
    "success_rate",
    "avg_confidence",
    _DAYS,
    "current_performance_score",
    "data_quality_score",
    "feature_diversity",
)
"""The columns of a context's row, in their order."""

_MODALITIES = ", ".join(QueryModality)


class ModelingContext(Struct, frozen=True, kw_only=True):
    """One modality (None: all of them) before a training.

    Counts are of examples. Rates and scores are in [0, 1]; None, or NaN, where they aren't known.
    `current_performance_score` is .7 success_rate + .3 avg_confidence unless it is given. Raises `ValueError`
    with the field and its value.
    """

    modality: QueryModality | None = None
    real_sample_count: int = 0
    synthetic_sample_count: int = 0
    success_rate: float | None = None
    avg_confidence: float | None = None
    days_since_last_training: float = NEVER_DAYS
    current_performance_score: float | None = None
    data_quality_score: float | None = 0.8
    feature_diversity: float | None = 0.7

    def __post_init__(self) -> None:
        if self.modality is not None:
            if self.modality not in tuple(QueryModality):
                raise ValueError(f"ModelingContext.modality: {self.modality!r} is none of {_MODALITIES}")
            structs.force_setattr(self, "modality", QueryModality(self.modality))
        values = {name: _checked(name, getattr(self, name)) for name in FEATURES}
        success, confidence = values["success_rate"], values["avg_confidence"]
        if values["current_performance_score"] is None and success is not None and confidence is not None:
            values["current_performance_score"] = 0.7 * success + 0.3 * confidence
        for name, value in values.items():
            structs.force_setattr(self, name, value)

    @property
    def is_cold_start(self) -> bool:
        """Whether hardly anything real is known."""
        return self.real_sample_count < COLD_START


def rows_of(contexts: Sequence[ModelingContext]) -> Rows:
    """The contexts as rows (n, 8) in the order of `FEATURES`; NaN is what isn't known."""
    # In an array of floats None becomes NaN.
    values = [[getattr(context, name) for name in FEATURES] for context in contexts]
    return np.array(values, dtype=np.float32).reshape(len(contexts), len(FEATURES))


def _checked(name: str, value: Any) -> float | None:
    """The value of a field, None where it isn't known; raises `ValueError` where it can't be."""
    number = _number(name, value)
    if name in _COUNTS:
        if not number.is_integer() or number < 0.0:
            raise ValueError(f"ModelingContext.{name}: {value} is not a whole number from 0 on")
        return int(value)
    if name == _DAYS:
        if not 0.0 <= number < math.inf:
            raise ValueError(f"ModelingContext.{name}: {value} is not a finite number from 0 on")
        return number
    if math.isnan(number):
        return None
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"ModelingContext.{name}: {value} is not between 0 and 1")
    return number


def _number(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    raise ValueError(f"ModelingContext.{name}: {value!r} is no number")
