"""XGBoost as we use it: on one thread, with one seed, so that the same rows give the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from xgboost import Booster

TREES = 100
PARAMETERS: dict[str, Any] = {
    "max_depth": 5,
    "learning_rate": 0.1,
    "seed": 42,
    "nthread": 1,
    "tree_method": "hist",
    "device": "cpu",
}


def fit(rows: NDArray[Any], targets: NDArray[Any], objective: str, **parameters: Any) -> Booster:
    """100 trees for rows (n, features), NaN where a value is missing, and targets (n,).

    `parameters` are XGBoost's and take precedence over ours.
    """
    import xgboost

    data = xgboost.DMatrix(rows, label=targets, nthread=1)
    return xgboost.train(
        {**PARAMETERS, "objective": objective, **parameters}, data, num_boost_round=TREES, verbose_eval=False
    )


def predict(booster: Booster, rows: NDArray[Any]) -> NDArray[np.float64]:
    """What the booster's objective gives for rows (n, features): shape (n,), or (n, classes) for a softmax."""
    import xgboost

    return np.asarray(booster.predict(xgboost.DMatrix(rows, nthread=1)), dtype=np.float64)


def to_bytes(booster: Booster) -> bytes:
    """The booster in XGBoost's own binary JSON (UBJ), which holds no code."""
    return bytes(booster.save_raw("ubj"))


def from_bytes(data: bytes) -> Booster:
    """The booster in `data`; raises `ValueError` where there is none."""
    import xgboost

    # The number of threads is no part of what is saved.
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except xgboost.core.XGBoostError as error:
        raise ValueError(f"no XGBoost model: {str(error).splitlines()[0]}") from None
    booster.set_param({"nthread": 1})
    return booster
