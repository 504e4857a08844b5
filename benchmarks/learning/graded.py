"""Streams in which a reward is not only right or wrong: partial credit, flipped, costly and noisy, or rare."""

from __future__ import annotations

from dataclasses import replace
from math import erf, exp, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.corpus import Corpus
from benchmarks.learning.streams import Stream, by_domain, from_table

FLIPPED = 0.1
NEIGHBOUR = 0.3
LARGEST_COST, NOISE = 0.1, 0.1
WRONG, RIGHT = (0.5, 0.7), 0.95


def neighbours(name: str, corpus: Corpus, rng: np.random.Generator) -> Stream:
    """A domain's own agent earns 1, the next one .3; a tenth of the rewards r is fed back as 1 - r."""
    clean = by_domain(corpus)
    clean = np.maximum(clean, NEIGHBOUR * np.roll(clean, 1, axis=1))
    stream = from_table(name, corpus, clean, rng)
    flipped = rng.random((len(stream), 1)) < FLIPPED
    received = np.where(flipped, 1.0 - stream.expected, stream.expected)
    expected = _flipped_mean(stream.expected)
    tested = _flipped_mean(stream.test_expected)
    return replace(stream, expected=expected, test_expected=tested, received=received)


def _flipped_mean(clean: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of rewards that are flipped now and then."""
    return clean * np.float32(1.0 - 2.0 * FLIPPED) + np.float32(FLIPPED)


def costs(name: str, corpus: Corpus, rng: np.random.Generator) -> Stream:
    """Quality 1 or 0, minus the agent's cost of 0 to .1, plus Gaussian noise of .1, clipped to [0, 1]."""
    table = by_domain(corpus)
    table = table - rng.permutation(np.linspace(0.0, LARGEST_COST, table.shape[1]))
    stream = from_table(name, corpus, table, rng)
    noise = rng.normal(0.0, NOISE, stream.expected.shape).astype(np.float32)
    received = np.clip(stream.expected + noise, 0.0, 1.0)
    return replace(
        stream,
        expected=_clipped_means(stream.expected),
        test_expected=_clipped_means(stream.test_expected),
        received=received,
    )


def rare_failures(name: str, corpus: Corpus, rng: np.random.Generator) -> Stream:
    """Success or failure: the right agent succeeds in .95 of the cases, each wrong one in .5 to .7 of them."""
    right = by_domain(corpus) > 0
    wrong = rng.uniform(*WRONG, (corpus.domains, corpus.domains))[corpus.domain_of]
    stream = from_table(name, corpus, np.where(right, RIGHT, wrong), rng)
    succeeds = rng.random(stream.expected.shape) < stream.expected
    return replace(stream, received=succeeds.astype(np.float32))


def _clipped_means(means: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each normal variable once it is clipped to [0, 1]."""
    known, places = np.unique(means, return_inverse=True)
    clipped = np.array([_clipped_mean(mean) for mean in known.tolist()], dtype=np.float32)
    result: NDArray[np.float32] = clipped[places].reshape(means.shape)
    return result


def _clipped_mean(mean: float) -> float:
    """The mean of min(max(x, 0), 1), x normal with this mean and the standard deviation `NOISE`."""
    low, high = -mean / NOISE, (1.0 - mean) / NOISE
    inside = _below(high) - _below(low)
    return mean * inside + NOISE * (_density(low) - _density(high)) + 1.0 - _below(high)


def _below(z: float) -> float:
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))


def _density(z: float) -> float:
    return exp(-0.5 * z * z) / sqrt(2.0 * pi)
