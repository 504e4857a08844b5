"""The specification's `AdvancedOptimizerConfig`: its fields and defaults, and what they set here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, structs

from models.grpo import LEARNING_RATE as GRPO_RATE
from models.value.model import RATE as VALUE_RATE
from signalbox.errors import ConfigurationError
from streams.settings import Settings, load_settings

USUAL_LEARNING_RATE = 0.001
"""The specification's default, for another optimiser; here it stands for the learner's own step."""

Count = Annotated[int, Meta(ge=1)]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, Meta(ge=0.0)]
Optimizer = Literal["bootstrap", "simba", "mipro", "gepa"]
_SAME_NAME = (
    "batch_size",
    "experience_replay_size",
    "update_frequency",
    "optimizer_strategy",
    "force_optimizer",
    "enable_multi_stage",
    "bootstrap_threshold",
    "simba_threshold",
    "mipro_threshold",
    "gepa_threshold",
    "search_quality_weight",
    "agent_success_weight",
    "user_satisfaction_weight",
    "processing_time_penalty",
    "exploration_epsilon",
    "epsilon_decay",
    "min_epsilon",
    "min_experiences_for_training",
    "learner",
)
_WEIGHTS = ("search_quality_weight", "agent_success_weight", "user_satisfaction_weight")


class AdvancedOptimizerConfig(Struct, frozen=True, kw_only=True):
    """Every field of the specification, with its default; each acts. Raises `ConfigurationError` naming it.

    `learning_rate` counts in thousandths of the learner's own step size: .001 is that step, .002 twice as much
    (docs/decisions/0006). `update_frequency` is how many further experiences ask for the next training, and
    `performance_degradation_threshold` which fall of the mean reward does. `exploration_epsilon` decays by
    `epsilon_decay` with each promoted policy, down to `min_epsilon`. `learner`, which the specification hasn't,
    is "grpo" as there, or "value", what the service uses: that takes one experience at a time, whatever
    `batch_size` says, and explores with SquareCB once there is a policy.
    """

    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = USUAL_LEARNING_RATE
    batch_size: Count = 32
    experience_replay_size: Count = 1000
    update_frequency: Count = 10
    optimizer_strategy: Literal["adaptive", "bootstrap", "simba", "mipro", "gepa"] = "adaptive"
    force_optimizer: Optimizer | None = None
    enable_multi_stage: bool = True
    bootstrap_threshold: Count = 20
    simba_threshold: Count = 50
    mipro_threshold: Count = 100
    gepa_threshold: Count = 200
    search_quality_weight: Weight = 0.4
    agent_success_weight: Weight = 0.3
    user_satisfaction_weight: Weight = 0.3
    processing_time_penalty: Unit = 0.1
    exploration_epsilon: Unit = 0.1
    epsilon_decay: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.995
    min_epsilon: Unit = 0.05
    min_experiences_for_training: Annotated[int, Meta(ge=2)] = 50
    performance_degradation_threshold: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.1
    learner: Literal["grpo", "value"] = "grpo"

    def __post_init__(self) -> None:
        for field in structs.fields(self):
            value = getattr(self, field.name)
            try:
                msgspec.convert(value, field.type)
            except msgspec.ValidationError as error:
                raise ConfigurationError(f"{field.name}: {error}, got {value!r}") from None
        if not any(getattr(self, name) for name in _WEIGHTS):
            raise ConfigurationError(f"{', '.join(_WEIGHTS)}: all three are 0, so nothing would be rewarded")

    def settings(self, **others: Any) -> Settings:
        """The service's settings: these fields, `others`, and the environment's for the rest."""
        return load_settings(
            **{name: getattr(self, name) for name in _SAME_NAME},
            learning_rate=self._step(),
            reward_drop=self.performance_degradation_threshold,
            cool_down_s=0,
            **others,
        )

    def _step(self) -> float | None:
        if self.learning_rate == USUAL_LEARNING_RATE:
            return None
        own = GRPO_RATE if self.learner == "grpo" else VALUE_RATE
        return own * self.learning_rate / USUAL_LEARNING_RATE
