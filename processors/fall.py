"""How sure it is that a mean reward has fallen, as an amount of evidence that may be looked at at any time.

Take rewards for parts of successes of Bernoulli trials. Their likelihood, averaged over all means with the
weight Beta(1/2, 1/2) (Krichevsky and Trofimov, 1981), divided by the largest one that "it has not fallen"
allows, is a process that ever reaches c with a probability of at most 1 / c if it has not fallen (Wasserman,
Ramdas and Balakrishnan, "Universal inference", 2020). That holds for all rewards in [0, 1], because none has a
larger moment-generating function than the trial of the same mean (Garivier and Cappé, "The KL-UCB algorithm",
2011, lemma 9); and for successes that become likelier, because they can be coupled with ones that don't, which
show at least as much of a fall.
"""

from __future__ import annotations

from math import lgamma, log

_HALVES = 2.0 * lgamma(0.5)


def evidence_of_fall(count: int, total: float, later_count: int, later_total: float) -> float:
    """The log evidence that `later_count` rewards have a lower mean than the `count` before; totals are sums.

    Not above 0 unless the later mean is lower. Counts are at least 1.
    """
    together = count + later_count
    mean = (total + later_total) / together
    if later_total * count >= total * later_count:
        return 0.0
    return (
        _log_mixture(count, total)
        + _log_mixture(later_count, later_total)
        - _log_likelihood(mean, together, total + later_total)
    )


def evidence_below(promise: float, count: int, total: float) -> float:
    """The log evidence that the mean of `count` rewards (at least 1), `total` together, is below `promise`."""
    if total >= promise * count:
        return 0.0
    return _log_mixture(count, total) - _log_likelihood(promise, count, total)


def _log_mixture(count: int, total: float) -> float:
    return lgamma(total + 0.5) + lgamma(count - total + 0.5) - lgamma(count + 1.0) - _HALVES


def _log_likelihood(mean: float, count: int, total: float) -> float:
    found = total * log(mean) if total > 0.0 else 0.0
    missed = count - total
    # A promise of 1 is broken by the first reward below it: its likelihood is 0.
    if missed > 0.0:
        found += missed * log(1.0 - mean) if mean < 1.0 else -1e9
    return found
