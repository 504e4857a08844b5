"""The reward model, and its predictions for what it has not seen."""

from dataclasses import replace

import numpy as np
import pytest

from models.examples import Examples, Vectors, examples_of
from models.ope import cross_fit, fit_reward_model, fold_of, folds_of
from signalbox.policy import FeatureConfiguration, Featurizer
from tests.models.logs import AGENTS, kind_of, log


def examples(count: int, seed: int = 0) -> tuple[Examples, np.ndarray, list[str]]:
    items = log(count, seed)
    kinds = np.array([kind_of(item.decision.query) for item in items])
    ids = [item.decision.decision_id for item in items]
    return examples_of(items, AGENTS, Featurizer(FeatureConfiguration())), kinds, ids


def test_it_learns_who_is_right_from_the_chosen_agents_rewards() -> None:
    seen, _, _ = examples(800)
    unseen, kinds, _ = examples(200, seed=1)
    predicted = fit_reward_model(seen).predict(unseen.vectors)
    assert predicted.shape == (200, len(AGENTS))
    assert 0.0 <= predicted.min() <= predicted.max() <= 1.0
    assert np.mean(predicted.argmax(axis=1) == kinds) > 0.95
    assert predicted[np.arange(200), kinds].mean() > 0.7


def test_unknown_features_are_expected_to_earn_about_a_half() -> None:
    model = fit_reward_model(examples(50)[0])
    strange = Vectors(np.array([0, 1]), np.array([10**6]), np.ones(1, np.float32))
    assert model.predict(strange) == pytest.approx(0.5, abs=0.15)


def test_a_prediction_does_not_depend_on_its_own_reward() -> None:
    seen, _, ids = examples(200)
    folds = folds_of(ids)
    changed = replace(seen, rewards=seen.rewards.copy())
    changed.rewards[7] = 1.0 - changed.rewards[7]
    before, after = cross_fit(seen, folds), cross_fit(changed, folds)
    own = folds == folds[7]
    assert np.array_equal(before[own], after[own])
    assert not np.array_equal(before[~own], after[~own])


def test_the_order_of_the_examples_changes_nothing_but_rounding() -> None:
    seen, _, ids = examples(150)
    turned = examples_of(log(150)[::-1], AGENTS, Featurizer(FeatureConfiguration()))
    one, other = cross_fit(seen, folds_of(ids)), cross_fit(turned, folds_of(ids[::-1]))
    assert np.allclose(one, other[::-1], atol=1e-4)


def test_folds_follow_from_the_id_and_have_about_equal_sizes() -> None:
    folds = folds_of(f"decision-{i}" for i in range(5000))
    assert folds[3] == fold_of("decision-3")
    assert np.bincount(folds).min() > 900 and len(np.bincount(folds)) == 5


def test_with_a_single_fold_there_is_nothing_to_learn_from() -> None:
    seen, _, _ = examples(10)
    assert (cross_fit(seen, np.zeros(10, np.intp)) == 0.5).all()
    with pytest.raises(ValueError, match="at least one example"):
        fit_reward_model(replace(seen, chosen=np.zeros(0, np.intp)))
