"""Decision, outcome, reward and propensity together: the unit of learning."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signalbox.events.decision import RoutingDecision
from signalbox.events.fields import Event, Id, Propensity, Ratio
from signalbox.events.outcome import Signals


class Experience(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a policy learns from; `occurred_at` is the decision's.

    A later part of the outcome gives the same `decision_id` again with a higher `revision`; the highest
    revision counts and repeats of one are the same record. `source` names the input record that it was made
    from, as topic/partition/offset. `propensity` is absent where the router gave none. The arithmetic that
    made the reward is named by `reward_version`. `run` and `batch` tell a reader which records a crashed
    worker wrote in vain (`signalbox.standing`). Where a unit of cost took `cost_weight` from the reward,
    `quality` is what it was before.
    """

    decision_id: Id
    reward: Ratio
    reward_version: str
    outcome: Signals
    decision: RoutingDecision
    source: str
    run: str
    batch: Annotated[int, Meta(ge=0)]
    revision: Annotated[int, Meta(ge=0)] = 0
    propensity: Propensity | None = None
    quality: Ratio | None = None
    cost_weight: Annotated[float, Meta(ge=0.0)] = 0.0

    @property
    def reward_before_cost(self) -> float:
        """What a policy learns that is told costs apart, so that it can serve any weight of them."""
        return self.reward if self.quality is None else self.quality
