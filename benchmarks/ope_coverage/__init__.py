"""How often an interval for a policy's value holds it, and how wide it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.measure import Measure, Options
from benchmarks.ope_coverage.peers import PEERS
from benchmarks.ope_coverage.population import Population, population_of
from models.ope import Insufficient, PolicyEvidence, confidence_sequence, estimate, folds_of

ID = "ope-coverage"
EPSILONS = (0.30, 0.05)
SIZE = 2_000
CONFIDENCE = 0.95
REPLICATES, QUICK_REPLICATES = 1_000, 100
_FIRST_POPULATION = 20_000
"""Nothing was chosen on the populations from here on; those before were used up (docs/evaluation.md)."""
_LOOKS = (250, 500, 1_000, 2_000)
Bounds = tuple[float, float]


def run(options: Options) -> Iterator[Measure]:
    """Coverage and width of nominal 95 % intervals on logs of 2,000 decisions, for each exploration.

    Every seed has its own pair of classifiers; the replicates are shared out among them. The interval that
    holds at every time is counted as right only if it held at each of four looks.
    """
    replicates = QUICK_REPLICATES if options.quick else REPLICATES
    populations = [population_of(_FIRST_POPULATION + seed) for seed in range(options.seeds)]
    for epsilon in EPSILONS:
        yield from _measure(populations, epsilon, replicates)


def _measure(populations: list[Population], epsilon: float, replicates: int) -> Iterator[Measure]:
    folds = folds_of(str(row) for row in range(SIZE))
    found: dict[str, list[Bounds]] = {name: [] for name in ("stratified", "anytime", *PEERS)}
    truths: list[float] = []
    held: list[bool] = []
    insufficient = 0
    for replicate in range(replicates):
        source = populations[replicate % len(populations)]
        rng = np.random.default_rng([_FIRST_POPULATION, replicate])
        evidence = source.log(SIZE, epsilon, folds, rng)
        answer = estimate(evidence, confidence=CONFIDENCE, seed=replicate)
        if isinstance(answer, Insufficient):
            insufficient += 1
            continue
        truths.append(source.truth)
        looks = [_anytime(evidence, look) for look in _LOOKS]
        held.append(all(lower <= source.truth <= upper for lower, upper in looks))
        found["stratified"].append((answer.lower, answer.upper))
        found["anytime"].append(looks[-1])
        largest = float(evidence.largest.max())
        for name, interval in PEERS.items():
            bounds = interval(evidence.weights, evidence.rewards, largest, 1.0 - CONFIDENCE, replicate)
            found[name].append(bounds)
    coverage, width = _summary(found, np.array(truths))
    detail = {
        "epsilon": epsilon,
        "n": SIZE,
        "replicates": replicates,
        "insufficient": insufficient,
        "data_set": populations[0].name,
        "true_value": round(float(np.mean([source.truth for source in populations])), 4),
        "disagreement": round(float(np.mean([source.disagreement for source in populations])), 3),
    }

    def measure(name: str, value: float, estimator: str, **more: object) -> Measure:
        return Measure(
            id=ID,
            measure=name,
            unit="share" if name.startswith("coverage") else "reward",
            value=value,
            better="lower" if name == "width" else "higher",
            peers=more.pop("peers", {}),  # type: ignore[arg-type]
            seeds=len(populations),
            detail={"estimator": estimator, **detail, **more},
        )

    def of_peers(values: dict[str, float]) -> dict[str, float]:
        return {name: values[name] for name in PEERS}

    yield measure("coverage", coverage["stratified"], "stratified", peers=of_peers(coverage))
    yield measure("width", width["stratified"], "stratified", peers=of_peers(width))
    yield measure("coverage_anytime", float(np.mean(held)), "betting", looks=_LOOKS, width=width["anytime"])


def _summary(
    found: dict[str, list[Bounds]], truths: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[dict[str, float], dict[str, float]]:
    """The share of the intervals that hold the truth, and their mean width, for each kind."""
    coverage, width = {}, {}
    for name, bounds in found.items():
        lower, upper = np.array(bounds).T
        coverage[name] = float(((lower <= truths) & (truths <= upper)).mean())
        width[name] = float((upper - lower).mean())
    return coverage, width


def _anytime(evidence: PolicyEvidence, look: int) -> Bounds:
    seen = replace(evidence, **{name: getattr(evidence, name)[:look] for name in evidence.__annotations__})
    bounds = confidence_sequence(seen, CONFIDENCE)
    return bounds.lower, bounds.upper
