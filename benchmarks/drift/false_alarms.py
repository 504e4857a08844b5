"""How often detectors cry without a reason, on rewards of which nothing changes for the worse."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from numpy.typing import NDArray

from processors.drift import Drift
from processors.scope import BASELINE_RATE, RECENT_RATE
from processors.trigger import TriggerPolicy

Rewards = NDArray[np.float64]
POLICY = TriggerPolicy()


def _learning(rng: np.random.Generator, count: int) -> Rewards:
    """A learner that starts at .1 and comes near .93, as quickly as on CLINC150's domains."""
    return _successes(rng, 0.93 - 0.83 * np.exp(-np.arange(count) / 800))


def _promotions(rng: np.random.Generator, count: int) -> Rewards:
    """A policy every 5,000 decisions, each a little better."""
    return _successes(rng, 0.95 - 0.4 * np.power(0.8, np.arange(count) // 5_000, dtype=np.float64))


def _successes(rng: np.random.Generator, means: Rewards) -> Rewards:
    return (rng.random(len(means)) < means).astype(float)


def _pairs(rng: np.random.Generator, count: int) -> Rewards:
    """Rewards that come in bursts of equal ones, two long on average."""
    means = np.full(count, 0.9)
    return np.repeat(_successes(rng, means), rng.geometric(0.5, count))[:count]


def _bernoulli(mean: float) -> Callable[[np.random.Generator, int], Rewards]:
    return lambda rng, count: _successes(rng, np.full(count, mean))


STATIONARY: dict[str, Callable[[np.random.Generator, int], Rewards]] = {
    **{f"Bernoulli {mean}": _bernoulli(mean) for mean in (0.001, 0.05, 0.3, 0.5, 0.8, 0.93, 0.99, 0.999)},
    "Beta(5, 1)": lambda rng, count: rng.beta(5.0, 1.0, count),
    "uniform": lambda rng, count: rng.random(count),
    "quality .8 with noise": lambda rng, count: np.clip(rng.normal(0.8, 0.15, count), 0.0, 1.0),
    "a learner that improves": _learning,
    "promotions": _promotions,
    "bursts": _pairs,
}


def signalbox(rewards: list[float]) -> int:
    """Alarms of the worker's detector."""
    drift, evidence, fall = Drift(), POLICY.drift_evidence, POLICY.reward_drop
    return sum(drift.observe(reward, 0.0, evidence, fall) is not None for reward in rewards)


def reward_drop(rewards: list[float]) -> int:
    """How often the specification's trigger begins to say that the reward has dropped by .1."""
    recent = usual = rewards[0]
    alarms, was_low = 0, False
    for count, reward in enumerate(rewards, start=1):
        recent += max(RECENT_RATE, 1 / count) * (reward - recent)
        usual += max(BASELINE_RATE, 1 / count) * (reward - usual)
        is_low = recent < usual - POLICY.reward_drop
        alarms += is_low and not was_low
        was_low = is_low
    return alarms


def page_hinkley(rewards: list[float], tolerance: float = 0.005, threshold: float = 50.0) -> int:
    """Alarms of the test of Page and Hinkley with the settings that libraries have as defaults."""
    alarms = count = 0
    mean = total = 0.0
    least = inf
    for reward in rewards:
        count += 1
        mean += (reward - mean) / count
        total += mean - reward - tolerance
        least = min(least, total)
        if total - least > threshold:
            alarms += 1
            count, mean, total, least = 0, 0.0, 0.0, inf
    return alarms


DETECTORS: dict[str, Callable[[list[float]], int]] = {
    "signalbox": signalbox,
    "reward_drop": reward_drop,
    "page_hinkley": page_hinkley,
}


def alarms_on(decisions: int, seed: int) -> dict[str, dict[str, int]]:
    """Alarms by detector and kind of rewards, in so many decisions of each kind."""
    found: dict[str, dict[str, int]] = {name: {} for name in DETECTORS}
    for place, (kind, rewards_of) in enumerate(STATIONARY.items()):
        rewards = rewards_of(np.random.default_rng([seed, place]), decisions).tolist()
        for name, detector in DETECTORS.items():
            found[name][kind] = detector(rewards)
    return found
