"""Whether a log can say anything of a policy."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from models.ope.evidence import PolicyEvidence
from models.ope.overlap import Overlap

Reason = Literal["samples", "support", "effective_samples", "largest_weight", "mean_weight"]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]


class Limits(Struct, frozen=True, kw_only=True):
    """Beyond which an estimate is not given.

    At least so many `samples`, `effective_samples` and `support`, the share of the policy's choices that the
    log could show. At most `largest_weight`, one experience's share of all weight, and `deviation`, how many
    standard errors the mean weight is from what it must be if the propensities are right.
    """

    samples: Annotated[int, Meta(ge=1)] = 50
    support: Unit = 0.95
    effective_samples: Annotated[float, Meta(ge=0.0)] = 10.0
    largest_weight: Unit = 0.5
    deviation: Annotated[float, Meta(gt=0.0)] = 6.0


class Quality(Struct, frozen=True, kw_only=True):
    """How much of the log speaks about the policy.

    `effective_samples` is Kish's, of the weights that were seen; `designed_samples`, n over the mean second
    moment of the weight, is what the contexts let expect, and doesn't look better because rare heavy weights
    happen to be absent. `largest_share` is that of the largest weight in their sum. `mean_weight` is near
    `support` if the propensities are right: `deviation` standard errors away from it.
    """

    samples: int
    effective_samples: float
    designed_samples: float
    largest_weight: float
    largest_share: float
    mean_weight: float
    deviation: float
    support: float


class Insufficient(Struct, frozen=True, kw_only=True):
    """The log can't answer: what is beyond its limit, with both numbers and a sentence for a person."""

    reason: Reason
    found: float
    limit: float
    message: str
    quality: Quality


def quality_of(evidence: PolicyEvidence) -> Quality:
    """The overlap of the log with the policy; zeros where there is no log."""
    overlap = Overlap()
    for weight, missing in zip(evidence.weights.tolist(), evidence.missing.tolist(), strict=True):
        overlap.add(weight, missing)
    count, moments = overlap.count, float(evidence.moments.sum())
    error = np.sqrt(max(moments / count - overlap.support**2, 0.0) / count) if count else 0.0
    return Quality(
        samples=count,
        effective_samples=overlap.effective_samples,
        designed_samples=count**2 / moments if moments > 0.0 else 0.0,
        largest_weight=overlap.largest_weight,
        largest_share=overlap.largest_share,
        mean_weight=overlap.mean_weight,
        deviation=abs(overlap.mean_weight - overlap.support) / float(error) if error > 0.0 else 0.0,
        support=overlap.support,
    )


def insufficiency(quality: Quality, limits: Limits) -> Insufficient | None:
    """The first limit that is broken, if any."""
    effective = min(quality.effective_samples, quality.designed_samples)
    least: list[tuple[Reason, float, float, str]] = [
        ("samples", quality.samples, limits.samples, "experiences carry their probabilities"),
        ("support", quality.support, limits.support, "of the policy's choices could be seen in the log"),
        ("effective_samples", effective, limits.effective_samples, "effective samples"),
    ]
    most: list[tuple[Reason, float, float, str]] = [
        (
            "largest_weight",
            quality.largest_share,
            limits.largest_weight,
            "of all weight lies on one experience",
        ),
        ("mean_weight", quality.deviation, limits.deviation, "standard errors between the mean weight and 1"),
    ]
    for reason, found, limit, name in least:
        if found < limit:
            message = f"Insufficient evidence: {found:.3g} {name}, at least {limit:g} must be."
            return Insufficient(reason=reason, found=found, limit=limit, message=message, quality=quality)
    for reason, found, limit, name in most:
        if found > limit:
            message = f"Insufficient evidence: {found:.3g} {name}, at most {limit:g} may be."
            return Insufficient(reason=reason, found=found, limit=limit, message=message, quality=quality)
    return None
