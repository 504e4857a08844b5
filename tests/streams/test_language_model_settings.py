"""The settings of programs and of their language model, and where they go."""

import pytest

from adapters.language_model import Spend
from models.configuration import TrainingConfiguration
from signalbox.errors import ConfigurationError
from streams.language_model import language_model_configuration, spend_text
from streams.settings import Settings, load_settings
from streams.worker.policies import policies_from


def test_defaults_are_those_of_the_specification() -> None:
    settings = Settings()
    assert (settings.optimizer_strategy, settings.force_optimizer, settings.enable_multi_stage) == (
        "adaptive",
        None,
        True,
    )
    thresholds = (settings.bootstrap_threshold, settings.simba_threshold)
    assert (*thresholds, settings.mipro_threshold, settings.gepa_threshold) == (20, 50, 100, 200)
    assert (settings.min_confidence, settings.min_quality) == (0.7, 0.6)
    assert settings.language_model == "offline"


def test_they_travel_in_the_trigger_under_one_key() -> None:
    changes = {
        "optimizer_strategy": "mipro",
        "force_optimizer": "simba",
        "enable_multi_stage": False,
        "bootstrap_threshold": 2,
        "simba_threshold": 3,
        "mipro_threshold": 4,
        "gepa_threshold": 5,
        "min_confidence": 0.1,
        "min_quality": 0.2,
        "positive_reward": 0.3,
    }
    told = policies_from(load_settings(**changes, program_effort="heavy", program_held_out=100)).configuration
    program = told["program"]
    assert {name: program[name] for name in changes} == changes
    assert (program["effort"], program["max_calls"], program["concurrency"]) == ("heavy", 4800, 4)
    assert TrainingConfiguration.from_dict(told).to_dict() == told


def test_an_unknown_field_of_the_program_is_named() -> None:
    told = policies_from(Settings()).configuration
    with pytest.raises(ConfigurationError, match=r"unknown field `effrt` - at `\$.program`"):
        TrainingConfiguration.from_dict(told | {"program": {"effrt": "light"}})


def test_a_real_model_needs_one_setting_and_its_key_is_not_shown() -> None:
    settings = load_settings(
        language_model="openai/my-model",
        language_model_api_base="http://localhost:1/v1",
        language_model_api_key="very-secret",
        language_model_timeout_s=5,
        language_model_retries=1,
        language_model_concurrency=2,
        language_model_budget_calls=7,
        language_model_budget_money=3,
        language_model_input_price=0.5,
        language_model_output_price=1.5,
    )
    made = language_model_configuration(settings)
    assert (made.model, made.api_key, made.timeout_s, made.retries) == ("openai/my-model", "very-secret", 5, 1)
    assert (made.concurrency, made.budget_calls, made.budget_money) == (2, 7, 3)
    assert (made.input_price, made.output_price) == (0.5, 1.5)
    assert "very-secret" not in repr(made) + repr(settings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"language_model_budget_money": 1}, "budget_money needs prices"),
        ({"language_model_api_base": "http://localhost:1"}, "takes no api_base"),
        ({"language_model": ""}, "model must be offline or a name"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=f"SIGNALBOX_LANGUAGE_MODEL.*{words}"):
        language_model_configuration(load_settings(**changes))


def test_what_was_spent_is_a_sentence() -> None:
    spend = Spend(calls=1204, failures=3, input_tokens=310_000, output_tokens=12_000, money=0.31)
    assert spend_text(spend) == (
        "The language model was called 1,204 times, 3 of which failed:"
        " 310,000 tokens in and 12,000 out, cost 0.31."
    )
    assert spend_text(Spend(calls=2)) == "The language model was called 2 times: 0 tokens in and 0 out."
