"""The specification's fields: their defaults, that each acts, and what is refused."""

from typing import Any

import pytest
from msgspec import structs

from models.configuration import TrainingConfiguration
from signalbox.errors import ConfigurationError
from streams.optimizers import AdvancedOptimizerConfig
from streams.worker.policies import policies_from

DEFAULTS = {
    "learning_rate": 0.001,
    "batch_size": 32,
    "experience_replay_size": 1000,
    "update_frequency": 10,
    "optimizer_strategy": "adaptive",
    "force_optimizer": None,
    "enable_multi_stage": True,
    "bootstrap_threshold": 20,
    "simba_threshold": 50,
    "mipro_threshold": 100,
    "gepa_threshold": 200,
    "search_quality_weight": 0.4,
    "agent_success_weight": 0.3,
    "user_satisfaction_weight": 0.3,
    "processing_time_penalty": 0.1,
    "exploration_epsilon": 0.1,
    "epsilon_decay": 0.995,
    "min_epsilon": 0.05,
    "min_experiences_for_training": 50,
}
OTHER = {
    **{name: value * 2 for name, value in DEFAULTS.items() if type(value) is int},
    **{name: value / 2 for name, value in DEFAULTS.items() if type(value) is float},
    "optimizer_strategy": "gepa",
    "force_optimizer": "simba",
    "enable_multi_stage": False,
    "performance_degradation_threshold": 0.2,
    "learner": "value",
}


def test_the_defaults_are_the_specification_s() -> None:
    config = AdvancedOptimizerConfig()
    assert {name: getattr(config, name) for name in DEFAULTS} == DEFAULTS
    assert set(OTHER) == {field.name for field in structs.fields(AdvancedOptimizerConfig)}


@pytest.mark.parametrize("name", OTHER)
def test_every_field_changes_what_processors_or_training_are_told(name: str) -> None:
    told, otherwise = (
        policies_from(config.settings())
        for config in (AdvancedOptimizerConfig(), AdvancedOptimizerConfig(**{name: OTHER[name]}))
    )
    assert told != otherwise
    TrainingConfiguration.from_dict(otherwise.configuration)


@pytest.mark.parametrize(
    ("learner", "rate", "expected"), [("grpo", 0.001, None), ("grpo", 0.002, 0.2), ("value", 0.0005, 0.35)]
)
def test_the_learning_rate_counts_in_the_learner_s_own_steps(learner: Any, rate: float, expected: Any) -> None:
    found = AdvancedOptimizerConfig(learner=learner, learning_rate=rate).settings().learning_rate
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("batch_size", 0),
        ("batch_size", "32"),
        ("experience_replay_size", -1),
        ("optimizer_strategy", "magic"),
        ("force_optimizer", "magic"),
        ("enable_multi_stage", "yes"),
        ("gepa_threshold", 0),
        ("search_quality_weight", -0.1),
        ("processing_time_penalty", 1.5),
        ("exploration_epsilon", 2.0),
        ("epsilon_decay", 0.0),
        ("min_experiences_for_training", 1),
    ],
)
def test_a_wrong_value_is_named(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{field}: .*got {value!r}"):
        AdvancedOptimizerConfig(**{field: value})


def test_weights_that_reward_nothing_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="all three are 0"):
        AdvancedOptimizerConfig(search_quality_weight=0, agent_success_weight=0, user_satisfaction_weight=0)
