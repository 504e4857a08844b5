"""A change of the rewards amid a stream: how soon the reward is back, and how often nothing had changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import fmean

from benchmarks.drift.changes import CHANGES, changing
from benchmarks.drift.false_alarms import DETECTORS, STATIONARY, alarms_on
from benchmarks.drift.learners import Watchful
from benchmarks.drift.recovery import SHARE, WINDOW, run_through
from benchmarks.drift.served import Served, serve, served_until
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
    """Decisions until nine tenths are earned of what was before, for each change; then false alarms.

    Ours is the service: the worker's triggers, the trainer's answers, with screens and trials. Peers learn from
    the same queries and rewards, but after every decision and without a gate: our learner with what the former
    one knew of queries, the same that forgets everything, or has no detector, and VW, which has none.
    """
    changes = ("permuted",) if options.quick else tuple(CHANGES)
    served: dict[str, list[Served]] = {change: [] for change in changes}
    for seed in range(options.seeds):
        before = served_until(changing("none", corpus(), seed), seed)
        for change in changes:
            served[change].append(serve(before, changing(change, corpus(), seed)))
    for change in changes:
        yield _recovery(change, options.seeds, served[change])
    yield _false_alarms(options)


def _recovery(change: str, seeds: int, served: list[Served]) -> Measure:
    found = {OURS: [run.recovery for run in served]}
    for seed in range(seeds):
        stream = changing(change, corpus(), seed)
        for name, make in _learners().items():
            found.setdefault(name, []).append(run_through(stream, make(stream.stream, seed)))
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
            "found_after": [found for run in served for found in run.found_after],
            "promotions": [run.promotions for run in served],
            "before": {name: round(fmean(run.before for run in runs), 3) for name, runs in found.items()},
            "at_1500_to_2000": {
                name: round(fmean(run.later for run in runs), 3) for name, runs in found.items()
            },
        },
    )


def _learners() -> dict[str, Make]:
    found: dict[str, Make] = {
        "per event": lambda stream, seed: Watchful(stream, seed, "agents"),
        "per event, forgets everything": lambda stream, seed: Watchful(stream, seed, "everything"),
        "per event, no detector": lambda stream, seed: Watchful(stream, seed, "nothing"),
    }
    try:
        from benchmarks.learning.vowpal import VowpalWabbit
    except ImportError:
        return found
    found["vw squarecb"] = lambda stream, seed: VowpalWabbit(stream, seed, "--squarecb --learning_rate 2")
    return found


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
