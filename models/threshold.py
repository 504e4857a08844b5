"""How much better a candidate must be before it is promoted."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

ThresholdKind = Literal["relative", "absolute", "zero", "no_harm"]


class Threshold(Struct, frozen=True, kw_only=True, gc=False):
    """What the lower bound of the improvement (reward per decision, all decisions counted) must exceed.

    `relative`: `value` times the champion's reward, .05 by default as in the specification. `absolute`:
    `value`. `zero`: any improvement counts. `no_harm`: minus `value`, for a candidate that is wanted for
    another reason, such as its cost.
    """

    kind: ThresholdKind = "relative"
    value: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.05

    def above(self, champion_value: float) -> float:
        """The improvement to exceed, in reward per decision, over a champion that earns `champion_value`."""
        match self.kind:
            case "relative":
                return self.value * champion_value
            case "absolute":
                return self.value
            case "zero":
                return 0.0
            case "no_harm":
                return -self.value
