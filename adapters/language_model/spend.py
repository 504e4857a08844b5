"""What was spent on calls, and whether another may be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from adapters.language_model.configuration import LanguageModelConfiguration
from adapters.language_model.errors import BudgetExceeded, Cancelled

_PER = 1_000_000


@dataclass(frozen=True, slots=True)
class Spend:
    """Calls that were made (each attempt is one), those of them that failed, tokens, and money."""

    calls: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0


class Ledger:
    """The spend of a run, and its limits; safe to use from many threads.

    What is under way isn't known to the budget of money, so that can be exceeded by as many calls as are made
    at a time; the budget of calls can't.
    """

    def __init__(self, configuration: LanguageModelConfiguration, is_cancelled: Callable[[], bool]) -> None:
        self._configuration = configuration
        self._is_cancelled = is_cancelled
        self._lock = Lock()
        self._spend = Spend()

    @property
    def spend(self) -> Spend:
        """What was spent so far."""
        return self._spend

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the run is to end."""
        if self._is_cancelled():
            raise Cancelled("language model: cancelled")

    def begin_call(self) -> None:
        """Count a call that is about to be made; raises `BudgetExceeded` or `Cancelled` instead."""
        self.check_cancelled()
        calls, money = self._configuration.budget_calls, self._configuration.budget_money
        with self._lock:
            if calls is not None and self._spend.calls >= calls:
                raise BudgetExceeded(f"language model: the budget of {calls} calls is spent")
            if money is not None and self._spend.money >= money:
                raise BudgetExceeded(f"language model: the budget of {money:g} is spent")
            self._spend = replace(self._spend, calls=self._spend.calls + 1)

    def failed(self) -> None:
        """Note that a call failed."""
        with self._lock:
            self._spend = replace(self._spend, failures=self._spend.failures + 1)

    def answered(self, input_tokens: int, output_tokens: int) -> None:
        """Note what a call took."""
        prices = self._configuration
        money = (input_tokens * prices.input_price + output_tokens * prices.output_price) / _PER
        with self._lock:
            so_far = self._spend
            self._spend = replace(
                so_far,
                input_tokens=so_far.input_tokens + input_tokens,
                output_tokens=so_far.output_tokens + output_tokens,
                money=so_far.money + money,
            )
