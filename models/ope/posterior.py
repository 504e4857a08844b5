"""The interval that the service recommends: a posterior of the policy's value, stratified by the overlap.

What a log says about a policy differs with the context. Where the logging policy mostly did what the evaluated
one would do, thousands of rewards speak; where it did so by rare exploration only, a handful with huge
weights. A mean over both is skewed beyond what a normal or bootstrap interval can bear. But which contexts are
of which kind is known without looking at an action or a reward: the shares of the kinds are known well, and
what is uncertain is the mean reward in each, for which a small-sample method exists.

1. Contexts are put into strata by the second moment of their weight, each a factor of four wide.
2. In a stratum the reward model's predictions v(x) of the policy's value are recalibrated by one shift: logit
   v(x) becomes slope logit v(x) + shift, the slope being one for the whole log. The weighted rewards give the
   shift a quasi-likelihood in the units of the stratum's effective sample size. Its estimating equation is that
   of targeted maximum likelihood (van der Laan and Rose, "Targeted learning", 2011, chapter 5), so the mean is
   right for many samples whether or not the model is.
3. The strata share the weight of one uniform prior by their part in the variance. With one stratum, a constant
   model and rewards 0 and 1 this is the posterior Beta(successes + 1, failures + 1) of a binomial share.
4. The shares of the strata have a Dirichlet posterior, and the contexts inside of one vary like a sample.
5. The interval is the shortest that holds the wanted share of the draws of sum(share mean).

Its coverage is measured (docs/evaluation.md), not a theorem for every n; `anytime.py` has one that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.ope.evidence import PolicyEvidence
from models.ope.recalibration import logit, shrunk_slope
from models.ope.stratum import draw_means

Floats = NDArray[np.float64]
_DRAWS = 4096
_WIDTH = 4.0


@dataclass(frozen=True)
class Interval:
    """Bounds of a policy's value and its posterior mean, in [0, 1]."""

    lower: float
    value: float
    upper: float


def posterior_interval(evidence: PolicyEvidence, confidence: float = 0.95, seed: int = 0) -> Interval:
    """The shortest interval that holds the policy's value with the probability `confidence`, in (0, 1).

    What the log could not show is taken to earn between 0 and 1. Without evidence: the whole range.
    """
    shown = np.flatnonzero(evidence.moments > 0.0)
    if not len(shown):
        return Interval(0.0, 0.5, 1.0)
    rng = np.random.default_rng(seed)
    kinds = np.floor(np.log(evidence.moments[shown]) / np.log(_WIDTH) + 1e-9)
    _, stratum, sizes = np.unique(kinds, return_inverse=True, return_counts=True)
    strata = [shown[stratum == number] for number in range(len(sizes))]
    effective = np.zeros(len(evidence))
    for members in strata:
        weights = evidence.weights[members]
        effective[members] = weights * weights.sum() / max(float(weights @ weights), 1e-300)
    offsets = logit(evidence.direct)
    offsets *= shrunk_slope(offsets[shown], evidence.rewards[shown], effective[shown], stratum)
    graded = bool(((evidence.rewards > 0.0) & (evidence.rewards < 1.0)).any())
    # By their part in the variance that the logging policy gives to an estimate.
    priors = [float(evidence.moments[members].sum() / evidence.moments.sum()) for members in strata]
    means = [
        draw_means(
            offsets[members],
            evidence.rewards[members],
            effective[members],
            prior=prior,
            graded=graded,
            draws=_DRAWS,
            rng=rng,
        )
        for members, prior in zip(strata, priors, strict=True)
    ]
    values = (rng.dirichlet(sizes, _DRAWS) * np.column_stack(means)).sum(axis=1)
    lower, upper = _shortest(np.sort(values), confidence)
    heard = evidence.rewards[evidence.weights > 0.0]
    # A region up to the edge includes the edge, which no draw reaches.
    lower, upper = lower if heard.any() else 0.0, upper if (heard < 1.0).any() else 1.0
    missing = float(evidence.missing.mean())
    value = float(values.mean()) * (1.0 - missing) + 0.5 * missing
    return Interval(lower * (1.0 - missing), value, upper * (1.0 - missing) + missing)


def _shortest(draws: Floats, confidence: float) -> tuple[float, float]:
    inside = min(int(np.ceil(confidence * len(draws))), len(draws) - 1)
    first = int((draws[inside:] - draws[: len(draws) - inside]).argmin())
    return float(draws[first]), float(draws[first + inside])
