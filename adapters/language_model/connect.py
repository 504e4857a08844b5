"""From a configuration to a language model that DSPy can use, and whose spend is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.language_model.configuration import LanguageModelConfiguration
from adapters.language_model.http_engine import http_engine
from adapters.language_model.metered import AsyncMeteredEngine, Engine, Limits, MeteredEngine, Pause
from adapters.language_model.offline import OFFLINE_MODEL
from adapters.language_model.offline.engine import OfflineEngine
from adapters.language_model.rollouts import with_rollouts
from adapters.language_model.spend import Ledger, Spend

if TYPE_CHECKING:
    import dspy


@dataclass(frozen=True)
class MeteredModel:
    """A language model within its limits: `lm` for `dspy.context(lm=…)`, and what it cost so far."""

    name: str
    lm: dspy.LM
    _ledger: Ledger

    @property
    def spend(self) -> Spend:
        """Calls, failures, tokens and money until now."""
        return self._ledger.spend


def connect(
    configuration: LanguageModelConfiguration,
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
    pause: Pause = time.sleep,
) -> MeteredModel:
    """The configured language model; nothing is sent before the first call.

    A call raises `BudgetExceeded` where the next one would be past a budget, and `Cancelled` within a tenth of
    a second once `is_cancelled()` is true, unless it waits for an answer; both are `Interrupted`, which passes
    through DSPy. What else goes wrong is an error of DSPy's; `error_of` says what to do about it. Answers are
    not cached and nothing is logged. Raises `ConfigurationError` for a model that can't be reached by its name.
    """
    ledger = Ledger(configuration, is_cancelled)
    limits = Limits(configuration, ledger, pause)
    remote = None if configuration.is_offline else http_engine(configuration)
    name = OFFLINE_MODEL if configuration.is_offline else configuration.model

    def engines(rollout_id: int | None) -> tuple[Engine, AsyncMeteredEngine]:
        inner = OfflineEngine(rollout_id) if remote is None else remote
        return MeteredEngine(inner, limits), AsyncMeteredEngine(inner, limits)

    return MeteredModel(name, with_rollouts(name, engines), ledger)
