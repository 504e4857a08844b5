"""The language model that the settings name, and its spend for a person."""

from __future__ import annotations

from adapters.language_model import LanguageModelConfiguration, Spend
from signalbox.errors import ConfigurationError
from streams.settings import Settings


def language_model_configuration(settings: Settings) -> LanguageModelConfiguration:
    """Raises `ConfigurationError` where the settings don't fit together."""
    key = settings.language_model_api_key
    try:
        return LanguageModelConfiguration(
            model=settings.language_model,
            api_base=settings.language_model_api_base,
            api_key=key.get_secret_value() if key else None,
            timeout_s=settings.language_model_timeout_s,
            retries=settings.language_model_retries,
            concurrency=settings.language_model_concurrency,
            budget_calls=settings.language_model_budget_calls,
            budget_money=settings.language_model_budget_money,
            input_price=settings.language_model_input_price,
            output_price=settings.language_model_output_price,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"SIGNALBOX_LANGUAGE_MODEL: {error}") from None


def spend_text(spend: Spend) -> str:
    """What a training has cost, as a sentence."""
    failed = f", {spend.failures:,} of which failed" if spend.failures else ""
    money = f", cost {spend.money:.4g}" if spend.money else ""
    tokens = f"{spend.input_tokens:,} tokens in and {spend.output_tokens:,} out"
    return f"The language model was called {spend.calls:,} times{failed}: {tokens}{money}."
