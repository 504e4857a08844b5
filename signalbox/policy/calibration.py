"""A policy's confidence, as often right as it says."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated, Literal

from msgspec import Meta, Struct

Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Points = Annotated[tuple[Unit, ...], Meta(min_length=1, max_length=512)]


class Calibration(Struct, frozen=True, kw_only=True):
    """A monotone map from a policy's own confidence to the mean reward of such choices, both in [0, 1].

    Linear between the points (`inputs` ascending, `outputs` of the same length), constant outside of them.
    The errors before and after were measured on experiences that the map was not fitted to; `accuracy` is the
    correlation of confidence and reward, 0 where it is negative.
    """

    method: Literal["isotonic", "platt", "identity"]
    inputs: Points
    outputs: Points
    samples: int = 0
    ece_before: float | None = None
    ece_after: float | None = None
    brier_before: float | None = None
    brier_after: float | None = None
    accuracy: float | None = None

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.outputs):
            raise ValueError(f"calibration: {len(self.inputs)} inputs, but {len(self.outputs)} outputs")
        for name, points in (("inputs", self.inputs), ("outputs", self.outputs)):
            if list(points) != sorted(points):
                raise ValueError(f"calibration: {name} don't ascend")


def calibrated(calibration: Calibration | None, confidence: float) -> float:
    """The confidence that experience bears out; the given one where there is no calibration."""
    if calibration is None:
        return confidence
    inputs, outputs = calibration.inputs, calibration.outputs
    above = bisect_right(inputs, confidence)
    if above == 0 or above == len(inputs):
        return outputs[min(above, len(outputs) - 1)]
    left, right = inputs[above - 1], inputs[above]
    share = (confidence - left) / (right - left)
    return outputs[above - 1] + share * (outputs[above] - outputs[above - 1])
