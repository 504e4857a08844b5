"""Language models for DSPy: any that speaks OpenAI's protocol or that LiteLLM knows, or the offline model."""

from adapters.language_model.configuration import LanguageModelConfiguration
from adapters.language_model.connect import MeteredModel, connect
from adapters.language_model.errors import BudgetExceeded, Cancelled, Interrupted, error_of
from adapters.language_model.offline import offline_lm
from adapters.language_model.spend import Spend

__all__ = [
    "BudgetExceeded",
    "Cancelled",
    "Interrupted",
    "LanguageModelConfiguration",
    "MeteredModel",
    "Spend",
    "connect",
    "error_of",
    "offline_lm",
]
