"""What agents share: the cosine with their successes, kept without keeping the successes."""

import numpy as np
import pytest

from models.value.matching import Matching


def test_the_prototypes_cosine_is_that_of_the_summed_successes() -> None:
    rng = np.random.default_rng(0)
    matching, total = Matching(2), np.zeros(8)
    for reward in (1.0, 0.3, 0.8):
        query = rng.normal(size=8)
        query /= np.linalg.norm(query)
        matching.succeed(1, reward, float(query @ total))
        total += reward * query
    fading = 300.0 / 302.1
    expected = 5.0 * fading / np.sqrt(total @ total + 0.1)
    assert matching.prototype_scale()[1] == pytest.approx(expected, rel=1e-5)
    assert matching.known().tolist() == pytest.approx([0.0, -fading * 2.1 / 32.1], rel=1e-5)


def test_its_weights_follow_the_gradient() -> None:
    matching = Matching(2)
    before = matching.card_weight, matching.prototype_weight
    gradient = np.array([0.5, 0.0], np.float32)
    matching.ascend(gradient, np.array([-1.0, 0.0], np.float32), np.array([1.0, 0.0], np.float32))
    assert matching.card_weight > before[0]
    assert matching.prototype_weight < before[1]
