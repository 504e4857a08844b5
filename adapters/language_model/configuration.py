"""Which language model to use, how to reach it, and what it may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from signalbox.errors import ConfigurationError

OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelConfiguration:
    """A model and its limits. Raises `ConfigurationError`, which names the field and its value.

    `model` is "offline", or a name such as "openai/my-model" as LiteLLM has it. `api_base` is the URL of a
    server that speaks OpenAI's protocol. A failed call is repeated up to `retries` times; no wait between is
    longer than `longest_wait_s`. `budget_calls` counts every attempt; None sets no limit. Prices are for a
    million tokens, in whatever unit of money `budget_money` is in.
    """

    model: str = OFFLINE
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    retries: int = 2
    longest_wait_s: float = 60.0
    concurrency: int = 4
    budget_calls: int | None = 5000
    budget_money: float | None = None
    input_price: float = 0.0
    output_price: float = 0.0

    def __post_init__(self) -> None:
        if not self.model or self.model.endswith("/"):
            raise ConfigurationError(
                f"model must be {OFFLINE} or a name such as openai/my-model, not {self.model!r}"
            )
        if self.is_offline and (self.api_base or self.api_key):
            raise ConfigurationError(
                "model offline: it runs in this process and takes no api_base and no api_key"
            )
        for name, least in (
            ("timeout_s", 1e-3),
            ("longest_wait_s", 0.0),
            ("input_price", 0.0),
            ("output_price", 0.0),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise ConfigurationError(f"{name} must be a number from {least:g} on, not {value!r}")
        for name, fewest in (("retries", 0), ("concurrency", 1), ("budget_calls", 1)):
            value = getattr(self, name)
            if value is not None and value < fewest:
                raise ConfigurationError(f"{name} must be {fewest} or more, not {value!r}")
        if self.budget_money is not None and not (math.isfinite(self.budget_money) and self.budget_money > 0.0):
            raise ConfigurationError(f"budget_money must be a number above 0, not {self.budget_money!r}")
        if self.budget_money is not None and not (self.input_price or self.output_price):
            raise ConfigurationError("budget_money needs prices: give input_price or output_price")

    @property
    def is_offline(self) -> bool:
        """Whether the model runs in this process."""
        return self.model == OFFLINE
