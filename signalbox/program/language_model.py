"""A language model by its name, as a program needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dspy


def connect(
    model: str,
    *,
    api_base: str | None = None,
    api_key: str | None = None,
    timeout_s: float = 30.0,
    retries: int = 2,
) -> dspy.LM:
    """Any model that DSPy reaches, such as "openai/my-model"; nothing is sent before the first question.

    Answers are not cached: DSPy's cache is on the disk, unpickles what it finds there, and a repeated answer
    is no second opinion. No price map is fetched.
    """
    import dspy

    _without_price_map()
    settings = {"api_base": api_base, "api_key": api_key, "timeout": timeout_s}
    given = {name: value for name, value in settings.items() if value is not None}
    return dspy.LM(model, cache=False, num_retries=retries, **given)


def _without_price_map() -> None:
    """Give DSPy the map that it was installed with; it would fetch another from the network on first use."""
    from dspy.clients import model_metadata

    if model_metadata._data is None:
        model_metadata._data = model_metadata._snapshot()
