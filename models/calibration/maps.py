"""Monotone maps from confidence to reward: none, a logistic curve, and an ascending step function.

Isotonic regression by pooling adjacent violators (Barlow et al., 1972; Zadrozny and Elkan, 2002), and a
logistic curve on the confidence's logit (Platt, "Probabilistic outputs for support vector machines", 1999).
Rewards are graded: both fit a mean reward as well as a chance of success.
"""

from __future__ import annotations

import numpy as np

from models.calibration.measures import Floats
from signalbox.policy.calibration import Calibration, calibrated

_MOST_POINTS = 64
_EDGE = 1e-4
_NEWTON_STEPS = 50
_RIDGE = 1.0
_CURVE = np.linspace(0.0, 1.0, 33)


def identity(confidence: Floats, rewards: Floats) -> Calibration:
    """The map that changes nothing."""
    del confidence, rewards
    return Calibration(method="identity", inputs=(0.0, 1.0), outputs=(0.0, 1.0))


def isotonic(confidence: Floats, rewards: Floats) -> Calibration:
    """The ascending step function with the least squared error, drawn through the middles of its steps."""
    # Equal inputs are one step from the start: the map can't tell them apart.
    inputs, place, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    sums = np.bincount(place.ravel(), rewards)
    blocks: list[tuple[float, float, int]] = []
    for step in zip((inputs * counts).tolist(), sums.tolist(), counts.tolist(), strict=True):
        block = step
        while blocks and blocks[-1][1] * block[2] >= block[1] * blocks[-1][2]:
            x, total, count = blocks.pop()
            block = (x + block[0], total + block[1], count + block[2])
        blocks.append(block)
    keep = np.unique(np.linspace(0, len(blocks) - 1, _MOST_POINTS).round().astype(int))
    # One pseudo-observation of the block's own mean confidence: a lone success is no certainty.
    points = [(x / count, (total + x / count) / (count + 1)) for x, total, count in (blocks[at] for at in keep)]
    outputs = np.maximum.accumulate([output for _, output in points])
    return _map("isotonic", np.array([x for x, _ in points]), outputs)


def platt(confidence: Floats, rewards: Floats) -> Calibration:
    """1 / (1 + exp(-(a logit + b))) by Newton's method, drawn towards a = 1, b = 0; never descending."""
    logits = _logit(confidence)
    design = np.stack([logits, np.ones_like(logits)])
    start = np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(_NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-(weights @ design)))
        gradient = design @ (rewards - p) - _RIDGE * (weights - start)
        curvature = (design * (p * (1.0 - p))) @ design.T + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    slope, offset = max(float(weights[0]), 0.0), float(weights[1])
    return _map("platt", _CURVE, 1.0 / (1.0 + np.exp(-(slope * _logit(_CURVE) + offset))))


def apply(calibration: Calibration | None, confidence: Floats) -> Floats:
    """Every confidence through the map that the router uses."""
    return np.array([calibrated(calibration, value) for value in confidence.tolist()])


def _logit(confidence: Floats) -> Floats:
    inside = np.clip(confidence, _EDGE, 1.0 - _EDGE)
    logits: Floats = np.log(inside / (1.0 - inside))
    return logits


def _map(method: str, inputs: Floats, outputs: Floats) -> Calibration:
    # Rounded, so that the manifest's text is the same wherever it was made.
    x, y = (tuple(np.round(np.clip(part, 0.0, 1.0), 6).tolist()) for part in (inputs, outputs))
    return Calibration(method=method, inputs=x, outputs=y)  # type: ignore[arg-type]  # one of its words
