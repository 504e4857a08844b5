"""From runs to the benchmark's rows: means over the seeds, their spread, and the peers beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, pstdev
from typing import Literal

from msgspec import Struct

from benchmarks.learning.batch_mode import BatchRun
from benchmarks.learning.per_event import Run
from benchmarks.learning.tasks import BatchWay, Source, StreamFacts
from benchmarks.measure import Measure

ID = "learning"
_MEASURES: tuple[tuple[str, str, str, Literal["higher", "lower"]], ...] = (
    ("progressive_reward", "progressive", "reward", "higher"),
    ("greedy_reward", "greedy", "reward", "higher"),
    ("us_per_event", "us_per_event", "us", "lower"),
)


class EventResult(Struct, frozen=True):
    """One stream's runs, a seed each: ours, and each peer's for each of its settings."""

    source: Source
    facts: StreamFacts
    ours: Sequence[Run]
    peers: Mapping[str, Sequence[Sequence[Run]]]


class BatchResult(Struct, frozen=True):
    """One learner's runs in batch mode, a seed each."""

    way: BatchWay
    runs: Sequence[BatchRun]


def event_rows(result: EventResult) -> list[Measure]:
    """Three rows; a peer's figure is that of its best setting, each measure on its own."""
    rows = []
    for measure, field, unit, better in _MEASURES:
        ours = [getattr(run, field) for run in result.ours]
        best = max if better == "higher" else min
        peers = {
            name: best(_mean_and_spread(runs, field) for runs in settings)
            for name, settings in result.peers.items()
        }
        rows.append(
            Measure(
                id=ID,
                measure=measure,
                unit=unit,
                value=fmean(ours),
                better=better,
                peers={name: mean for name, (mean, _) in peers.items()},
                seeds=len(ours),
                detail={
                    **_circumstances(result.source, result.facts, ours, "value"),
                    "peer_spread": {name: round(spread, 4) for name, (_, spread) in peers.items()},
                    "peer_settings": {name: len(settings) for name, settings in result.peers.items()},
                    "peer_seeds": {name: len(settings[0]) for name, settings in result.peers.items()},
                },
            )
        )
    return rows


def batch_row(events: EventResult, result: BatchResult) -> Measure:
    """What a learner earned in batch mode, beside the value model per event and the peers."""
    earned = [run.progressive for run in result.runs]
    (progressive, *_) = event_rows(events)
    return Measure(
        id=ID,
        measure="batch_mode_reward",
        unit="reward",
        value=fmean(earned),
        better="higher",
        peers={"value per event": progressive.value, **progressive.peers},
        seeds=len(earned),
        detail={
            **_circumstances(events.source, events.facts, earned, result.way.learner),
            "gate": "screen and trial" if result.way.gate else "none",
            "greedy": round(fmean(run.greedy for run in result.runs), 4),
            "promotions": round(fmean(run.promotions for run in result.runs), 1),
            "trials": round(fmean(run.trials for run in result.runs), 1),
            "trigger_every": result.way.every,
            "settings": dict(result.way.changes),
        },
    )


def _mean_and_spread(runs: Sequence[Run], field: str) -> tuple[float, float]:
    values = [getattr(run, field) for run in runs]
    return fmean(values), pstdev(values)


def _circumstances(
    source: Source, facts: StreamFacts, values: Sequence[float], learner: str
) -> dict[str, object]:
    cards = Path(source.cards).name if source.train else "labels"
    return {
        "data_set": source.name,
        "texts": facts.texts,
        "queries": facts.queries,
        "agents": facts.agents,
        "cards": cards if facts.with_cards else "none",
        "learner": learner,
        "optimum": round(facts.optimum, 4),
        "spread": round(pstdev(values), 4),
    }
