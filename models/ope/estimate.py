"""A policy's value with everything that is needed to judge it, or the statement that the log is not enough."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from models.ope.anytime import confidence_sequence
from models.ope.clipped_ips import ClippedIps
from models.ope.direct_method import DirectMethod
from models.ope.doubly_robust import DoublyRobust
from models.ope.evidence import PolicyEvidence
from models.ope.ips import Ips
from models.ope.posterior import posterior_interval
from models.ope.quality import Insufficient, Limits, Quality, insufficiency, quality_of
from models.ope.sndr import SelfNormalisedDr
from models.ope.snips import Snips

Method = Literal["stratified", "ips", "snips", "clipped_ips", "dm", "dr", "sndr"]
Validity = Literal["fixed", "anytime"]
_SIMPLE: dict[str, type[Ips | Snips | ClippedIps]] = {"ips": Ips, "snips": Snips, "clipped_ips": ClippedIps}


class ValueEstimate(Struct, frozen=True, kw_only=True):
    """The policy's mean reward by `method`, and an interval for it at `confidence`.

    The interval bounds the policy's value, whatever the method: a `value` outside of it is the method's error.
    `validity` says whether it holds at this number of experiences (`fixed`) or at every look (`anytime`).
    """

    value: float
    lower: float
    upper: float
    confidence: float
    method: Method
    validity: Validity
    quality: Quality


def estimate(
    evidence: PolicyEvidence,
    *,
    method: Method = "stratified",
    validity: Validity = "fixed",
    confidence: float = 0.95,
    limits: Limits | None = None,
    seed: int = 0,
) -> ValueEstimate | Insufficient:
    """The policy's mean reward on the contexts of the log, or why the log can't tell.

    `stratified` is the mean of the recommended interval's posterior, the others are this package's estimators.
    Raises `ValueError` for a confidence outside of (0, 1).
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), not {confidence}")
    quality = quality_of(evidence)
    lacking = insufficiency(quality, limits or Limits())
    if lacking is not None:
        return lacking
    fixed = posterior_interval(evidence, confidence, seed)
    bounds = fixed if validity == "fixed" else confidence_sequence(evidence, confidence)
    return ValueEstimate(
        value=fixed.value if method == "stratified" else value_of(evidence, method),
        lower=bounds.lower,
        upper=bounds.upper,
        confidence=confidence,
        method=method,
        validity=validity,
        quality=quality,
    )


def value_of(evidence: PolicyEvidence, method: Method) -> float:
    """The point estimate by one of the estimators; NaN where it has nothing to go by."""
    weighted = zip(evidence.weights.tolist(), evidence.rewards.tolist(), strict=True)
    modelled = zip(evidence.direct.tolist(), evidence.predicted.tolist(), strict=True)
    match method:
        case "stratified":
            return posterior_interval(evidence).value
        case "dm":
            believing = DirectMethod()
            for direct in evidence.direct.tolist():
                believing.add(direct)
            return believing.get()
        case "dr" | "sndr":
            robust = DoublyRobust() if method == "dr" else SelfNormalisedDr()
            for (weight, reward), (direct, predicted) in zip(weighted, modelled, strict=True):
                robust.add(weight, reward, direct, predicted)
            return robust.get()
        case _:
            simple: Ips | Snips | ClippedIps = _SIMPLE[method]()
            for weight, reward in weighted:
                simple.add(weight, reward)
            return simple.get()
