"""A `dspy.LM` whose engines know the rollout (DSPy 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dspy

MakeEngines = Callable[[int | None], tuple[Any, Any]]
"""From a rollout to its engine and its asynchronous engine."""


def with_rollouts(model: str, make: MakeEngines) -> dspy.LM:
    """A `dspy.LM` on these engines, without cache and without retries of its own.

    A copy for a rollout gets engines of its own. DSPy keeps `rollout_id` from engines, so that the samples of
    SIMBA and MIPROv2 would all be the same to a model that is a pure function.
    """
    engine, async_engine = make(None)
    lm: dspy.LM = _class()(model, engine=engine, async_engine=async_engine, cache=False, num_retries=0)
    lm.make_engines = make
    return lm


@cache
def _class() -> type[dspy.LM]:
    import dspy

    class RolloutLM(dspy.LM):  # type: ignore[misc]  # DSPy is untyped
        make_engines: MakeEngines

        def copy(self, **kwargs: Any) -> RolloutLM:
            copied: RolloutLM = super().copy(**kwargs)
            copied._engine_spec, copied._async_engine_spec = self.make_engines(copied.kwargs.get("rollout_id"))
            return copied

    return RolloutLM
