"""The training configuration: the specification's defaults, its decay, and clear refusals."""

from typing import Any

import pytest

from models.configuration import TrainingConfiguration
from signalbox.errors import ConfigurationError


def test_defaults_are_the_specifications() -> None:
    default = TrainingConfiguration()
    assert (default.batch_size, default.epsilon, default.epsilon_decay) == (32, 0.1, 0.995)
    assert (default.min_epsilon, default.min_experiences) == (0.05, 50)


def test_epsilon_after_22_promotions() -> None:
    assert TrainingConfiguration().epsilon_after(22) == pytest.approx(0.089559, abs=5e-7)


def test_epsilon_has_a_floor() -> None:
    assert TrainingConfiguration().epsilon_after(1000) == 0.05


def test_decay_never_raises_an_epsilon_below_the_floor() -> None:
    assert TrainingConfiguration(epsilon=0.02).epsilon_after(5) == 0.02


def test_it_travels_as_a_plain_dict() -> None:
    configuration = TrainingConfiguration(learning_rate=0.2, seed=7)
    assert TrainingConfiguration.from_dict(configuration.to_dict()) == configuration


@pytest.mark.parametrize(
    "content",
    [{"batch_size": 0}, {"epsilon": 1.5}, {"learner": "magic"}, {"learning_rte": 0.1}, {"gate_error": 1.0}],
)
def test_a_wrong_field_is_named_with_its_value(content: dict[str, Any]) -> None:
    name, value = next(iter(content.items()))
    with pytest.raises(ConfigurationError) as error:
        TrainingConfiguration.from_dict(content)
    assert name in str(error.value)
    assert str(value) in str(error.value)
