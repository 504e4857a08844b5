"""`signalbox demo`."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from aiokafka.admin import AIOKafkaAdminClient

from adapters.broker import Broker, choose_broker
from signalbox import Connection
from streams.cli.processes import check_services, start_services, stop_services
from streams.cli.simulation import (
    Output,
    quiet_logging,
    scenario_of,
    simulation_options,
)
from streams.live.run import WatchedRun
from streams.settings import Settings, child_environment, load_settings
from streams.signals import interrupt_on_signals, stop_on_signals
from streams.simulator.build import build_traffic
from streams.simulator.simulator import Pace
from streams.simulator.traffic import Traffic

DEMO_SETTINGS: dict[str, Any] = {
    "cool_down_s": 4,
    "experience_replay_size": 5000,
    "improvement_threshold": 0.02,
    "program_interval_s": 20,
}
"""A day in two minutes: train often, on much, and take also small steps that have proven themselves.

A setting in the environment wins over these."""

EPILOG = """\b
Examples:
  signalbox demo                                       90 seconds of generated traffic
  signalbox demo --constant-reward 0.7                 nothing to learn, so nothing is promoted
  signalbox demo --queries asked.csv --groups teams.json
  signalbox demo --seconds 180 --change-at 15000       what was learned becomes wrong, and is learned anew
  signalbox demo --seconds 30 --json | tail -1         for a machine
"""


@click.command(epilog=EPILOG)
@click.option("--seconds", default=90.0, show_default=True, type=click.FloatRange(min=1), help="How long.")
@simulation_options
def command(seconds: float, **options: Any) -> None:
    """The whole loop on this machine: broker, worker, trainer and a simulated router.

    Watch the mean reward climb above that of the best single agent, because of policies that were learned,
    proven, published and swapped in while traffic flowed. The broker is the best that this machine can have
    (SIGNALBOX_BROKER chooses, SIGNALBOX_BOOTSTRAP_SERVERS names your own). Everything is stopped and removed
    at the end, also with Ctrl-C, which still prints the summary. Exit codes: 0 done, 3 something broke.
    """
    settings = _demo_settings()
    output = Output(as_json=options["as_json"], plain=options["plain"])
    scenario = scenario_of(options)
    pace = Pace(options["rate"], seconds, options["decisions"])
    traffic = build_traffic(scenario, settings)
    connection = settings.connection() if settings.bootstrap_servers else None
    interrupt_on_signals()
    with _folder() as folder:
        quiet_logging(folder / "router.log")
        output.say("broker: starting")
        begun = time.monotonic()
        with choose_broker(settings.broker, connection, progress=output.say) as broker:
            output.say(f"broker: {broker.kind} {broker.version}, ready after {time.monotonic() - begun:.1f} s")
            numbers = asyncio.run(_Demo(settings, broker, folder, output).run(traffic, scenario.seed, pace))
    output.finish(numbers)


class _Demo:
    """The services around one simulated router."""

    def __init__(self, settings: Settings, broker: Broker, folder: Path, output: Output) -> None:
        self._broker, self._folder, self._output = broker, folder, output
        foreign = broker.kind == "external" and not settings.topic_prefix
        # Somebody else's cluster gets topics of our own, which are deleted at the end.
        self._borrowed_prefix = f"signalbox-demo-{uuid.uuid4().hex[:8]}." if foreign else None
        self._settings = settings.model_copy(
            update={"topic_prefix": self._borrowed_prefix or settings.topic_prefix}
        )

    async def run(self, traffic: Traffic, seed: int, pace: Pace) -> dict[str, Any]:
        """Start the services, route until the pace or a signal ends it, stop the services."""
        stopping = stop_on_signals()
        run = WatchedRun(
            traffic,
            self._broker.connection,
            {"kind": self._broker.kind, "version": self._broker.version},
            pace=pace,
            settings=self._settings,
            seed=seed,
        )
        async with self._topics():
            services = await start_services(self._folder, self._environments(), stopping, self._output.say)
            try:
                return await run.run(self._output.view(), stopping, partial(check_services, services))
            finally:
                self._output.say("stopping")
                await asyncio.to_thread(stop_services, services)

    def _environments(self) -> dict[str, dict[str, str]]:
        """Each service's environment: how to reach the broker, folders of its own."""
        shared = {name: getattr(self._settings, name) for name in DEMO_SETTINGS}
        return {
            name: child_environment(
                **shared,
                broker="in-process" if self._broker.kind == "in-process" else "external",
                bootstrap_servers=self._broker.connection.bootstrap_servers,
                topic_prefix=self._settings.topic_prefix,
                data_folder=self._folder / name,
                store_url=self._settings.store_url or self._folder / "artifacts",
                instance_id=f"demo-{name}",
            )
            for name in ("worker", "trainer")
        }

    @asynccontextmanager
    async def _topics(self) -> AsyncIterator[None]:
        from streams.topics import ensure_topics, topic_names

        connection = self._broker.connection
        self._broker.ensure_topics(topic_names(self._settings), self._settings.partitions)
        await ensure_topics(connection, self._settings, declares_topics=self._broker.declares_topics)
        try:
            yield
        finally:
            if self._borrowed_prefix:
                await _delete_topics(connection, self._borrowed_prefix)


def _demo_settings() -> Settings:
    given = load_settings().model_fields_set
    return load_settings(**{name: value for name, value in DEMO_SETTINGS.items() if name not in given})


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder for logs, state and artifacts."""
    with tempfile.TemporaryDirectory(prefix="signalbox-demo-") as name:
        yield Path(name)


async def _delete_topics(connection: Connection, prefix: str) -> None:
    admin = AIOKafkaAdminClient(**connection.client_options())
    await admin.start()
    try:
        await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(prefix)])
    finally:
        await admin.close()
