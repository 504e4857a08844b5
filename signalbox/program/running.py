"""How DSPy runs here: the same in the router, in training and in the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dspy


@contextmanager
def running(lm: dspy.LM, *, threads: int = 1, callbacks: Sequence[Any] = ()) -> Iterator[None]:
    """DSPy with this language model, for this thread and those that DSPy starts; nothing global changes.

    `callbacks` of DSPy's come after those that listen already, such as a tracer's.
    Histories and traces are off: they keep thousands of full prompts, which are a tenant's data.
    """
    import dspy

    listening = [*(dspy.settings.callbacks or ()), *callbacks]
    settings = {"lm": lm, "adapter": dspy.ChatAdapter(), "num_threads": threads, "callbacks": listening}
    with dspy.context(**settings, disable_history=True, trace=None):
        yield
