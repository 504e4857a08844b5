"""What a language model's failures mean here, and what ends a run that uses one."""

from __future__ import annotations

from signalbox.errors import ConfigurationError, ProgramError, Retry, SignalboxError, SlowDown


class Interrupted(BaseException):
    """The run is to end now. DSPy and its optimisers swallow every `Exception`, but not this."""


class BudgetExceeded(Interrupted):
    """The next call would be past the budget; the message says which and how large."""


class Cancelled(Interrupted):
    """Somebody asked for the end."""


def error_of(failure: BaseException) -> SignalboxError:
    """A failure of DSPy or of a call below it, as what to do about it: wait, try again, have it configured.

    The message has the kind and the HTTP status only, because other people's messages quote prompts and keys.
    """
    from dspy import lm15
    from dspy.utils import exceptions

    status = getattr(failure, "status", None)
    name = type(failure).__name__ + (f", HTTP {status}" if status else "")
    kinds: tuple[tuple[type[SignalboxError], str, tuple[str, ...]], ...] = (
        (SlowDown, "the language model is rate-limited", ("RateLimitError",)),
        (Retry, "the language model didn't answer", ("ServerError", "TimeoutError", "TransportError")),
        (
            ConfigurationError,
            "language_model, language_model_api_base or language_model_api_key is wrong",
            ("AuthError", "BillingError", "ConfigurationError", "NotConfiguredError", "UnsupportedModelError"),
        ),
    )
    for kind, what, classes in kinds:
        for each in classes:
            if isinstance(failure, (getattr(lm15, each), getattr(exceptions, "LM" + each))):
                return kind(f"{what} ({name})")
    return ProgramError(f"the language model gave no answer that can be read ({name})")
