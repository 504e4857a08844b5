"""An engine for DSPy that counts, limits and repeats the calls of another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Protocol, Self

from adapters.language_model.configuration import LanguageModelConfiguration
from adapters.language_model.spend import Ledger
from adapters.language_model.tokens import estimated_tokens

if TYPE_CHECKING:
    from dspy.lm15 import LM15Error, Request, Response

_LOOK_S = 0.1
"""How long a wait goes on without asking whether it was cancelled."""
Pause = Callable[[float], None]
"""Waits for so many seconds."""


class Engine(Protocol):
    """What makes one attempt at a call."""

    def complete(self, request: Request) -> Response:
        """The answer; raises `LM15Error`."""


class Limits:
    """What all calls of a run share: ledger, places for calls at the same time, and a refusal that is final."""

    def __init__(self, configuration: LanguageModelConfiguration, ledger: Ledger, pause: Pause) -> None:
        self.configuration = configuration
        self.ledger = ledger
        self.refusal: LM15Error | None = None
        self._pause = pause
        self._places = BoundedSemaphore(configuration.concurrency)

    def enter(self) -> None:
        """Wait for a place, and count the call; raises `BudgetExceeded` or `Cancelled`."""
        while not self._places.acquire(timeout=_LOOK_S):
            self.ledger.check_cancelled()
        try:
            self.ledger.begin_call()
        except BaseException:
            self._places.release()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()

    def wait(self, seconds: float) -> None:
        """Wait; raises `Cancelled` as soon as that is asked for."""
        while seconds > 0.0:
            self.ledger.check_cancelled()
            self._pause(min(seconds, _LOOK_S))
            seconds -= _LOOK_S


class MeteredEngine:
    """Makes calls through `inner`, within the limits.

    A failure that may pass is repeated: after the time that the server asks for, or after 1, 2, 4, … seconds.
    One that won't pass, such as a wrong key, is final: later calls fail with it, and nothing more is sent.
    """

    def __init__(self, inner: Engine, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits

    def complete(self, request: Request) -> Response:
        """The answer; raises `LM15Error`, or `Interrupted`, which is no `Exception`."""
        from dspy.lm15 import LM15Error

        for attempt in range(self._limits.configuration.retries + 1):
            if self._limits.refusal is not None:
                raise self._limits.refusal.with_traceback(None)
            try:
                return self._attempt(request)
            except LM15Error as error:
                wait_s = self._wait_after(error, attempt)
                if wait_s is None:
                    raise
                self._limits.wait(wait_s)
        raise AssertionError("unreachable")

    def _attempt(self, request: Request) -> Response:
        from dspy import lm15

        limits = self._limits
        limits.enter()
        try:
            response = self._inner.complete(request)
        except lm15.LM15Error as error:
            limits.ledger.failed()
            if isinstance(error, (lm15.AuthError, lm15.BillingError, lm15.ConfigurationError)):
                limits.refusal = error
            raise
        finally:
            limits.leave()
        self._account(request, response)
        if not response.text:
            # It is paid for all the same.
            limits.ledger.failed()
            raise lm15.ServerError("the answer is empty")
        return response

    def _account(self, request: Request, response: Response) -> None:
        """Note the tokens that the server counted; what it didn't count is estimated."""
        used, text = response.usage, response.text or ""
        asked = [part.text for message in request.messages for part in message.parts if hasattr(part, "text")]
        self._limits.ledger.answered(
            estimated_tokens([str(request.system or ""), *asked])
            if used.input_tokens is None
            else used.input_tokens,
            estimated_tokens([text]) if used.output_tokens is None else used.output_tokens,
        )

    def _wait_after(self, error: LM15Error, attempt: int) -> float | None:
        """Seconds until the next attempt, or None if there is none."""
        from dspy import lm15

        configuration = self._limits.configuration
        passing = (lm15.RateLimitError, lm15.ServerError, lm15.TimeoutError, lm15.TransportError)
        # An error of no particular kind is an answer that isn't JSON, from a proxy in between.
        may_pass = isinstance(error, passing) or type(error) is lm15.ProviderError
        if attempt >= configuration.retries or not may_pass:
            return None
        if error.retry_after is None:
            return min(2.0**attempt, configuration.longest_wait_s)
        return error.retry_after if error.retry_after <= configuration.longest_wait_s else None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # DSPy copies programs together with their language models; limits that were copied would limit nothing.
        return self


class AsyncMeteredEngine(MeteredEngine):
    """The same for `acall`, in a thread."""

    async def complete(self, request: Request) -> Response:
        """As `MeteredEngine.complete`."""
        return await asyncio.to_thread(super().complete, request)
