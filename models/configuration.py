"""What a training run is told; it travels in `OptimizationTrigger.configuration` and in every artifact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from models.programs.configuration import ProgramConfiguration
from models.threshold import ThresholdKind
from signalbox.errors import ConfigurationError
from signalbox.policy import FeatureConfiguration

Share = Annotated[float, Meta(gt=0.0, lt=1.0)]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Rate = Annotated[float, Meta(gt=0.0, le=1000.0)]


class TrainingConfiguration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of learner, exploration and gate, with the specification's defaults where it gives one.

    The specification's learning rate (.001) belongs to another optimiser; None takes the learner's own, whose
    measurement is in docs/decisions/. `clip` bounds the importance ratio, `kl` weighs the divergence from the
    champion, `group_size` is the most experiences compared with each other, `start` says whose weights GRPO
    begins with. `batch_size`, `epochs` and these four are GRPO's: the value model learns from one experience at
    a time, once. `exploration` is the value model's; GRPO's policies are epsilon-greedy.

    `cost_weight` is what a unit of cost takes from the reward where a request doesn't say. `trial_harm` is in
    units of reward, `trial_s` seconds of event time; see `models.trial.TrialLimits`. `program` is for
    the second stage, which trains a prompt program. `min_agreement` is that of a model's labels with people's,
    below which they lose weight; `time_penalty` and `time_half_s` are the reward's, for what labels make of it.
    """

    learner: Literal["grpo", "value"] = "value"
    start: Literal["champion", "value"] = "champion"
    learning_rate: Rate | None = None
    batch_size: Annotated[int, Meta(ge=1)] = 32
    epochs: Annotated[int, Meta(ge=1, le=1000)] = 3
    clip: Annotated[float, Meta(ge=1.0)] = 2.0
    kl: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.005
    group_size: Annotated[int, Meta(ge=2)] = 32
    exploration: Literal["epsilon_greedy", "squarecb"] = "squarecb"
    gamma: Annotated[float, Meta(ge=0.0)] = 1000.0
    cost_weight: Annotated[float, Meta(ge=0.0)] = 0.0
    epsilon: Unit = 0.1
    epsilon_decay: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.995
    min_epsilon: Unit = 0.05
    min_experiences: Annotated[int, Meta(ge=2)] = 50
    held_out_share: Share = 0.2
    improvement_threshold: Annotated[float, Meta(ge=0.0)] = 0.05
    gate_error: Share = 0.05
    threshold_kind: ThresholdKind = "relative"
    min_effective_samples: Annotated[float, Meta(ge=0.0)] = 10.0
    min_agreement: Unit = 0.7
    time_penalty: Unit = 0.1
    time_half_s: Annotated[float, Meta(gt=0.0)] = 2.8
    trials: bool = True
    trial_share: Share = 0.5
    trial_harm: Annotated[float, Meta(gt=0.0)] = 25.0
    trial_decisions: Annotated[int, Meta(ge=1)] = 5_000
    trial_s: Annotated[float, Meta(gt=0.0)] = 86_400.0
    features: FeatureConfiguration = FeatureConfiguration()
    program: ProgramConfiguration = ProgramConfiguration()
    seed: Annotated[int, Meta(ge=0)] = 0

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TrainingConfiguration:
        """The configuration in a plain dict; raises `ConfigurationError` with the field and its value."""
        try:
            return msgspec.convert(dict(content), cls)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"training configuration: {error}; got {dict(content)}") from None

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain JSON values."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        return content

    def gamma_after(self, samples: int) -> float:
        """SquareCB's for a policy that was trained on so many experiences (Foster and Rakhlin, 2020)."""
        return self.gamma * math.sqrt(samples)

    def epsilon_after(self, promotions: int) -> float:
        """The exploration of the policy whose promotion is number `promotions`: it decays, down to a floor."""
        floor = min(self.min_epsilon, self.epsilon)
        return max(floor, self.epsilon * self.epsilon_decay**promotions)
