"""Events through the real worker, beside what others do with the same events on the same broker."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from statistics import fmean

from adapters.broker import Broker, choose_broker
from benchmarks.measure import Measure, Options
from benchmarks.throughput import recovery, steady
from benchmarks.throughput.child import run_peer
from benchmarks.throughput.events import PARTITIONS, traffic
from benchmarks.throughput.feed import write
from benchmarks.throughput.result import Result
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME
from streams.settings import load_settings
from streams.topics import ensure_topics, topic_names

ID = "throughput"
PEERS = {"aiokafka_getmany": "getmany", "quix_stateful": "quix", "stock_faust_join": "stock_faust"}


def run(options: Options) -> Iterator[Measure]:
    """Rate, cost, changelog and recovery of one worker process on one broker.

    The peers read the same events: aiokafka's getmany only parses them, stock Faust does the join with two
    tables, Quix Streams makes one stateful update per event. Every seed is another order of other events.
    """
    decisions = 30_000 if options.quick else 150_000
    rows = 10_000 if options.quick else 100_000
    ours: list[Result] = []
    changelog: list[float] = []
    recovered_s: list[float] = []
    peers: dict[str, list[Result]] = {name: [] for name in PEERS}
    with choose_broker() as broker:
        for seed in range(options.seeds):
            _say(f"seed {seed}: {2 * decisions} events")
            found, result, per_event = asyncio.run(_compare(broker, f"steady{seed}-", decisions, seed))
            ours.append(result)
            changelog.append(per_event)
            for name, peer in found.items():
                peers[name].append(peer)
            _say(f"seed {seed}: recovery of {rows} experiences and {rows} pending decisions")
            recovered_s.append(asyncio.run(_recover(broker, f"recovery{seed}-", rows)))
        yield from _rates(ours, peers, f"{broker.kind} {broker.version}")
    yield _measure("changelog_bytes_per_event", "bytes", changelog, {})
    detail = {"experiences": rows, "pending_decisions": rows, "spread_s": _spread(recovered_s)}
    yield _measure("recovery_s", "s", recovered_s, {}, detail)


def _rates(ours: list[Result], peers: Mapping[str, list[Result]], broker: str) -> Iterator[Measure]:
    """Rate and cost; the detail has our rate as a multiple of every peer's."""
    for name, unit, of in (
        ("events_per_s", "1/s", attrgetter("events_per_s")),
        ("cpu_us_per_event", "us", attrgetter("cpu_us_per_event")),
    ):
        values = [of(result) for result in ours]
        others = {peer: fmean(map(of, results)) for peer, results in peers.items()}
        ratios = {f"to_{peer}": round(fmean(values) / other, 3) for peer, other in others.items()}
        detail = {"events": ours[0].events, "spread": _spread(values), "broker": broker, **ratios}
        yield _measure(name, unit, values, others, detail | {"load_1min": round(os.getloadavg()[0], 1)})


async def _compare(
    broker: Broker, prefix: str, decisions: int, seed: int
) -> tuple[dict[str, Result], Result, float]:
    await _create_topics(broker, prefix)
    events = await write(broker.connection, prefix, traffic(decisions, seed))
    arguments = [broker.connection.bootstrap_servers, str(events)]
    arguments += [prefix + ROUTING_DECISION, prefix + ROUTING_OUTCOME]
    found = {name: run_peer(module, arguments) for name, module in PEERS.items()}
    with tempfile.TemporaryDirectory() as folder:
        result, changelog = await steady.measure(broker.connection, prefix, events, Path(folder))
    return found, result, changelog


async def _recover(broker: Broker, prefix: str, rows: int) -> float:
    await _create_topics(broker, prefix)
    with tempfile.TemporaryDirectory() as folder:
        return await recovery.measure(broker.connection, prefix, rows, Path(folder))


async def _create_topics(broker: Broker, prefix: str) -> None:
    settings = load_settings(topic_prefix=prefix, partitions=PARTITIONS)
    broker.ensure_topics(topic_names(settings), PARTITIONS)
    await ensure_topics(broker.connection, settings, declares_topics=broker.declares_topics)


def _measure(
    name: str,
    unit: str,
    values: list[float],
    peers: dict[str, float],
    detail: Mapping[str, object] | None = None,
) -> Measure:
    return Measure(
        id=ID,
        measure=name,
        unit=unit,
        value=fmean(values),
        better="higher" if name == "events_per_s" else "lower",
        peers=peers,
        seeds=len(values),
        detail=dict(detail or {}),
    )


def _spread(values: Iterable[float]) -> list[float]:
    return [round(value, 2) for value in sorted(values)]


def _say(text: str) -> None:
    print(f"{ID}: {text}", file=sys.stderr, flush=True)  # noqa: T201 progress
