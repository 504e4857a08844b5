"""`signalbox simulate`."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from adapters.broker import Broker, choose_broker
from streams.cli.simulation import (
    Output,
    quiet_logging,
    scenario_of,
    simulation_options,
)
from streams.live.run import WatchedRun
from streams.settings import Settings, load_settings
from streams.signals import stop_on_signals
from streams.simulator.build import build_traffic
from streams.simulator.simulator import Pace

EPILOG = """\b
Examples:
  signalbox simulate                                  until Ctrl-C
  signalbox simulate --decisions 5000 --json          for a machine
  signalbox simulate --queries asked.csv --rate 50    queries that people asked
"""


@click.command(epilog=EPILOG)
@click.option("--seconds", type=click.FloatRange(min=1), help="End after so many seconds; default: Ctrl-C.")
@simulation_options
def command(seconds: float | None, **options: Any) -> None:
    """A simulated router with known rewards, over the public client package.

    Talks to the cluster at SIGNALBOX_BOOTSTRAP_SERVERS, where a worker and a trainer should be at work; see
    `signalbox broker`. Decides for several tenants, reports what came of it late, in parts, twice or never,
    and adopts the policies that come back. Because it knows the true rewards, it shows what the router earns
    beside the best single agent and the optimum. Ctrl-C ends it with a summary.
    """
    settings = load_settings()
    output = Output(as_json=options["as_json"], plain=options["plain"])
    quiet_logging(None)
    pace = Pace(options["rate"], seconds, options["decisions"])
    scenario = scenario_of(options)
    traffic = build_traffic(scenario, settings)
    with choose_broker("external", settings.connection()) as broker:
        run = WatchedRun(
            traffic,
            broker.connection,
            {"kind": broker.kind, "version": broker.version},
            pace=pace,
            settings=settings,
            seed=scenario.seed,
        )
        numbers = asyncio.run(_simulate(run, broker, settings, output))
    output.finish(numbers)


async def _simulate(run: WatchedRun, broker: Broker, settings: Settings, output: Output) -> dict[str, Any]:
    from streams.topics import ensure_topics

    declares_topics = settings.broker != "in-process"
    await ensure_topics(broker.connection, settings, declares_topics=declares_topics)
    return await run.run(output.view(), stop_on_signals())
