"""A change of the rewards amid a stream: how soon the reward is back, and how often nothing had changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import fmean

from benchmarks.drift.changes import CHANGES, Changing, changing
from benchmarks.drift.false_alarms import DETECTORS, STATIONARY, alarms_on
from benchmarks.drift.learners import Watchful
from benchmarks.drift.recovery import SHARE, WINDOW, Recovery, run_through
from benchmarks.learning.corpus import corpus
from benchmarks.learning.per_event import EventLearner
from benchmarks.learning.streams import Stream
from benchmarks.measure import Measure, Options

ID = "drift"
OURS = "signalbox"
DECISIONS = 100_000
"""Of each kind of stationary rewards, for every seed."""

Make = Callable[[Stream, int], EventLearner]


def run(options: Options) -> Iterator[Measure]:
    """Decisions until a learner earns nine tenths of what it did before, for each change; then false alarms.

    Peers learn from the same queries and rewards: our learner without a detector, our learner that forgets
    everything at an alarm, and VW, which has no detector.
    """
    for change in ("permuted",) if options.quick else CHANGES:
        yield _recovery(change, options.seeds)
    yield _false_alarms(options)


def _recovery(change: str, seeds: int) -> Measure:
    found: dict[str, list[Recovery]] = {}
    delays: list[int] = []
    for seed in range(seeds):
        stream = changing(change, corpus(), seed)
        for name, make in _learners().items():
            learner = make(stream.stream, seed)
            found.setdefault(name, []).append(run_through(stream, learner))
            if name == OURS and isinstance(learner, Watchful):
                delays += _delays(stream, learner)
    decisions = {name: fmean(run.decisions for run in runs) for name, runs in found.items()}
    ours = found[OURS]
    return Measure(
        id=ID,
        measure="decisions_to_recover",
        unit="decisions",
        value=decisions.pop(OURS),
        better="lower",
        peers=decisions,
        seeds=seeds,
        detail={
            "change": change,
            "data": corpus().name,
            "criterion": f"the mean of {WINDOW} decisions is {SHARE:.0%} of the one before the change",
            "each": [run.decisions for run in ours],
            "recovered": sum(run.recovered for run in ours),
            "found_after": delays,
            "before": round(fmean(run.before for run in ours), 3),
            "at_1500_to_2000": {
                name: round(fmean(run.later for run in runs), 3) for name, runs in found.items()
            },
        },
    )


def _learners() -> dict[str, Make]:
    found: dict[str, Make] = {
        OURS: lambda stream, seed: Watchful(stream, seed, "agents"),
        "forgets everything": lambda stream, seed: Watchful(stream, seed, "everything"),
        "no detector": lambda stream, seed: Watchful(stream, seed, "nothing"),
    }
    try:
        from benchmarks.learning.vowpal import VowpalWabbit
    except ImportError:
        return found
    found["vw squarecb"] = lambda stream, seed: VowpalWabbit(stream, seed, "--squarecb --learning_rate 2")
    return found


def _delays(stream: Changing, learner: Watchful) -> list[int]:
    """Decisions after the change at which the detector spoke."""
    return [at - stream.changed_at for at in learner.alarms]


def _false_alarms(options: Options) -> Measure:
    seeds = 1 if options.quick else max(options.seeds, 1)
    alarms: dict[str, Counter[str]] = {name: Counter() for name in DETECTORS}
    for seed in range(seeds):
        for name, by_kind in alarms_on(DECISIONS, seed).items():
            alarms[name].update(by_kind)
    decisions = DECISIONS * seeds * len(STATIONARY)
    per_100k = {name: counts.total() * 100_000 / decisions for name, counts in alarms.items()}
    return Measure(
        id=ID,
        measure="false_alarms_per_100k",
        unit="alarms",
        value=per_100k.pop(OURS),
        better="lower",
        peers=per_100k,
        seeds=seeds,
        detail={
            "decisions": decisions,
            "by_kind": {kind: alarms[OURS][kind] for kind in STATIONARY},
            "learner": _alarms_before_a_change(options),
        },
    )


def _alarms_before_a_change(options: Options) -> dict[str, int]:
    """False alarms while the learner itself learns, from its first decision to the end of the queries."""
    alarms = decisions = 0
    for seed in range(1 if options.quick else options.seeds):
        stream = changing("none", corpus(), seed)
        learner = Watchful(stream.stream, seed, "agents")
        run_through(stream, learner)
        alarms += len(learner.alarms)
        decisions += len(stream.stream)
    return {"decisions": decisions, "alarms": alarms}
