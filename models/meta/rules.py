"""Whether to train, by the specification's rules; and when no model may overrule them."""

from __future__ import annotations

from models.meta.context import ModelingContext

ENOUGH_REAL, ENOUGH_SYNTHETIC, GOOD_QUALITY = 50, 100, 0.7
GOOD_SUCCESS = 0.85
"""From here on there is no room for improvement."""
STALE_DAYS = 7.0

FLOOR_DAYS = 14.0
FLOOR_REAL = 100
FLOOR_SUCCESS = 0.75
"""Up to here the rules expect at least .05, which is the improvement that the gate asks for."""


def rules_decide(context: ModelingContext) -> tuple[bool, float]:
    """Whether to train, and the improvement to expect: half of what is missing from a success rate of .85.

    To train there must be enough data, and room for improvement or a stale model. What isn't known speaks
    neither for good quality nor for room.
    """
    quality, success = context.data_quality_score or 0.0, context.success_rate
    is_enough = context.real_sample_count >= ENOUGH_REAL or (
        context.synthetic_sample_count >= ENOUGH_SYNTHETIC and quality > GOOD_QUALITY
    )
    missing = 0.0 if success is None else max(0.0, GOOD_SUCCESS - success)
    if is_enough and (missing > 0.0 or context.days_since_last_training >= STALE_DAYS):
        return True, missing / 2.0
    return False, 0.0


def must_train(context: ModelingContext) -> bool:
    """The floor: the rules would train, and either nothing was for 14 days or the need is plain.

    It is plain with 100 real examples of which at most three quarters succeeded. However wrong a learned model
    is, it can put off a training, but not prevent it.
    """
    if not rules_decide(context)[0]:
        return False
    success = context.success_rate
    is_plain = context.real_sample_count >= FLOOR_REAL and success is not None and success <= FLOOR_SUCCESS
    return is_plain or context.days_since_last_training >= FLOOR_DAYS
