"""Meta-models as bytes: the same ones for the same model, and nothing else is read."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from models.meta import (
    TrainingDecisionModel,
    TrainingStrategyModel,
    load_decision_model,
    load_strategy_model,
    save,
)
from models.meta import booster as boosters
from models.meta.envelope import SavedModel, pack, unpack
from signalbox.errors import ArtifactError
from signalbox.policy import digest_of
from tests.models.meta.histories import contexts, improvements, strategies

HISTORY = contexts(60)
DECISION, STRATEGY = TrainingDecisionModel(), TrainingStrategyModel()
DECISION.train(HISTORY, improvements(HISTORY))
STRATEGY.train(HISTORY, strategies(HISTORY))
DATA = save(DECISION)


def test_a_reloaded_model_decides_the_same() -> None:
    loaded, chosen = load_decision_model(DATA), load_strategy_model(save(STRATEGY))
    assert loaded.is_trained and chosen.is_trained
    fresh = contexts(50, seed=9)
    assert [loaded.should_train(item) for item in fresh] == [DECISION.should_train(item) for item in fresh]
    assert list(map(chosen.select_strategy, fresh)) == list(map(STRATEGY.select_strategy, fresh))
    assert save(loaded) == DATA
    assert save(chosen) == save(STRATEGY)


def test_rules_alone_can_be_saved_too() -> None:
    assert load_decision_model(save(TrainingDecisionModel())) == TrainingDecisionModel()
    assert load_strategy_model(save(TrainingStrategyModel())) == TrainingStrategyModel()


def changed(**fields: Any) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(DATA), **fields})


TREES = msgspec.json.decode(DATA, type=SavedModel).trees or b""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(format_version=2), "format_version 2, this reads 1"),
        (changed(kind="fusion_benefit"), "fusion_benefit on"),
        (changed(features=["real_sample_count"]), "not training_decision on"),
        (changed(classes=[0, 3]), r"\(0, 3\) are no ascending classes of 2"),
        (changed(classes=[1, 0]), r"\(1, 0\)"),
        (changed(classes=[]), r"\(\)"),
        (changed(numbers={}), "not the gain alone"),
        (changed(digest="0" * 64), "don't match their digest"),
        (changed(trees=b"nonsense", digest=digest_of(b"nonsense")), "no XGBoost model"),
        (DATA[: len(DATA) // 2], "can't be read"),
        (b"\x80\x04K\x01.", "can't be read"),  # a pickle
        (b"", "can't be read"),
        (save(STRATEGY), "training_strategy on"),
    ],
)
def test_what_this_code_cannot_run_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        load_decision_model(data)


def test_trees_on_other_features_are_refused() -> None:
    features = ("one", "two")
    assert b"real_sample_count" in DATA
    with pytest.raises(ArtifactError, match="trees on 8 features, not 2"):
        unpack(changed(kind="any", features=features), "any", features)


def test_other_meta_models_can_be_packed() -> None:
    """A regressor on five features, as the benefit of fusion is, with a missing value."""
    rng = np.random.default_rng(0)
    rows = rng.random((40, 5)).astype(np.float32)
    rows[::7, 2] = math.nan
    booster = boosters.fit(rows, rows[:, 0], "reg:squarederror", max_depth=4)
    features = tuple("abcde")
    data = pack("fusion_benefit", features, booster, numbers={"samples": 40.0})
    saved, again = unpack(data, "fusion_benefit", features)
    assert saved.numbers == {"samples": 40.0} and again is not None
    np.testing.assert_array_equal(boosters.predict(again, rows), boosters.predict(booster, rows))
    assert pack("fusion_benefit", features, again, numbers={"samples": 40.0}) == data
