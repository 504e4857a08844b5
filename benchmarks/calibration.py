"""How often a decision's confidence comes true, as the policy gives it and after calibration.

Queries are first decided by lot; a candidate is trained on half of these and calibrated on the other half, as
the trainer does it. It then decides further queries: the confidence that `decide` gives with each is compared
with what was earned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean, pstdev

from benchmarks.learning.batch_mode import Loop
from benchmarks.learning.catalogue import build_stream
from benchmarks.learning.deployed import Deployed
from benchmarks.measure import Measure, Options
from models.calibration import apply, brier, confidence_accuracy, ece, isotonic, platt
from models.calibration.measures import Floats
from models.calibration.policy import trust_in
from models.configuration import TrainingConfiguration
from processors.training.candidate import train
from processors.training.split import split

ID = "calibration"
FIRST_SEED = 100
STREAMS = ("clinc10", "neighbours10", "rare-failures10")
LEARNERS = ("value", "grpo")
LOGGED, DECIDED = 3000, 4000
ERRORS: dict[str, Callable[[Floats, Floats], float]] = {"ece": ece, "brier": brier}


def run(options: Options) -> Iterator[Measure]:
    """Expected calibration error and Brier score of each learner on each stream, before and after."""
    logged, decided = (800, 1000) if options.quick else (LOGGED, DECIDED)
    for stream in STREAMS:
        for learner in LEARNERS:
            runs = [_run(stream, learner, FIRST_SEED + i, logged, decided) for i in range(options.seeds)]
            yield from _rows(stream, learner, runs)


def _run(stream: str, learner: str, seed: int, logged: int, decided: int) -> dict[str, tuple[Floats, Floats]]:
    """Confidence, by each way to calibrate it, with the rewards that were earned."""
    configuration = TrainingConfiguration(learner=learner)  # type: ignore[arg-type]  # one of its words
    loop = Loop(build_stream(stream, seed), seed, configuration)
    router = loop.router
    for _ in range(logged):
        router.decide_next()
    parts = split(router.log, None, configuration.held_out_share)
    candidate = train(loop.trigger("enough_experiences"), parts, None, loop.configuration, (), ())
    router.deploy(Deployed.of(candidate.artifact({})[0]))
    for _ in range(decided):
        router.decide_next()
    policy = candidate.policy
    known, after = trust_in(policy, parts.held_out), trust_in(policy, router.log[logged:])
    ways = {
        "calibrated": candidate.manifest.calibration,
        "uncalibrated": None,
        "platt on all": platt(known.confidence, known.rewards),
        "isotonic on all": isotonic(known.confidence, known.rewards),
    }
    return {name: (apply(way, after.confidence), after.rewards) for name, way in ways.items()}


def _rows(stream: str, learner: str, runs: list[dict[str, tuple[Floats, Floats]]]) -> Iterator[Measure]:
    accuracy = fmean(confidence_accuracy(*run["calibrated"]) for run in runs)
    for name, error in ERRORS.items():
        found = {way: [error(*run[way]) for run in runs] for way in runs[0]}
        yield Measure(
            id=ID,
            measure=name,
            unit="reward",
            value=fmean(found["calibrated"]),
            better="lower",
            peers={way: fmean(values) for way, values in found.items() if way != "calibrated"},
            seeds=len(runs),
            detail={
                "data": stream,
                "learner": learner,
                "spread": round(pstdev(found["calibrated"]), 4),
                "confidence_accuracy": round(accuracy, 4),
                "decisions": len(runs[0]["calibrated"][1]),
            },
        )
