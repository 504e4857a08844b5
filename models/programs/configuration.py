"""What the training of a prompt program is told; it travels in triggers and artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from signalbox.errors import ConfigurationError

OptimizerName = Literal["bootstrap", "simba", "mipro", "gepa"]
Size = Annotated[int, Meta(ge=1)]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]


class ProgramConfiguration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which optimiser is taken and how much it may do, with the specification's defaults where it gives one.

    `force_optimizer` comes before `optimizer_strategy`; `adaptive` takes the last optimiser whose threshold the
    number of examples reaches. With `enable_multi_stage` simpler optimisers give it a start (`stages_of`).
    Demonstrations have a confidence of `min_confidence` and a quality of `min_quality` at least; nothing else
    asks for these. An experience whose reward is `positive_reward` or more shows the right agent; `max_weight`
    clips what it counts for. `effort` is how long SIMBA, MIPROv2 and GEPA search. An optimiser that would need
    more than `max_calls` language-model calls gives way to a simpler one.
    """

    optimizer_strategy: Literal["adaptive", "bootstrap", "simba", "mipro", "gepa"] = "adaptive"
    force_optimizer: OptimizerName | None = None
    enable_multi_stage: bool = True
    bootstrap_threshold: Size = 20
    simba_threshold: Size = 50
    mipro_threshold: Size = 100
    gepa_threshold: Size = 200
    min_confidence: Unit = 0.7
    min_quality: Unit = 0.6
    positive_reward: Unit = 0.6
    max_weight: Annotated[float, Meta(gt=0.0)] = 10.0
    max_demos: Size = 16
    effort: Literal["light", "medium", "heavy"] = "light"
    max_calls: Size | None = None
    concurrency: Size = 4
    seed: Annotated[int, Meta(ge=0)] = 0

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ProgramConfiguration:
        """The configuration in a plain dict; raises `ConfigurationError` with the field and its value."""
        try:
            return msgspec.convert(dict(content), cls)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"program configuration: {error}; got {dict(content)}") from None

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        return content
