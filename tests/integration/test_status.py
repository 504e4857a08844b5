"""`signalbox status` on a real Kafka: before anything runs, while all of it does, and when one part is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from adapters.broker import Broker
from signalbox import topics
from signalbox.connection import Connection
from signalbox.events import encode
from streams.cli import main
from streams.cli.processes import ServiceProcess
from streams.settings import Settings, child_environment
from tests.integration.trainer_support import producer_on, send_triggers, settings_for, trigger
from tests.processors.builders import COMPLETE, decision, result

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
NAMES = ("bootstrap_servers", "topic_prefix", "partitions", "data_folder")


class Site:
    """A cluster, what runs on it, and the command line that looks at it."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection
        self.settings: Settings = settings_for(connection, folder, f"st{uuid4().hex[:8]}-")
        self.given = {name: str(getattr(self.settings, name)) for name in NAMES}
        self.services: dict[str, ServiceProcess] = {}

    def status(self, *arguments: str, **settings: str) -> Result:
        given = {f"SIGNALBOX_{name.upper()}": value for name, value in (self.given | settings).items()}
        return CliRunner().invoke(main, ["status", *arguments], env=given)

    def json(self, *arguments: str, **settings: str) -> tuple[int, dict[str, Any]]:
        done = self.status(*arguments, "--json", **settings)
        assert done.stdout.count("\n") == 1, done
        return done.exit_code, json.loads(done.stdout)

    def start(self, *names: str) -> None:
        for name in names:
            environment = child_environment(**self.given, instance_id=f"{name}-1")
            log = self.settings.data_folder / f"{name}.log"
            self.services[name] = ServiceProcess(name, log, environment)
        for name in names:
            asyncio.run(self.services[name].wait_until_ready(asyncio.Event()))

    def stop(self, name: str) -> None:
        self.services.pop(name).stop()


@pytest.fixture
def site(kafka: Broker, tmp_path: Path) -> Iterator[Site]:
    """A site of its own, on which nothing runs yet."""
    here = Site(kafka.connection, tmp_path)
    yield here
    for name in list(here.services):
        here.stop(name)


async def fill(site: Site) -> None:
    """One good and one bad decision, an answered trigger and one that waits."""
    async with producer_on(site.connection) as producer:
        name = site.settings.topic(topics.ROUTING_DECISION)
        for value in (encode(decision("d1", tenant_id="acme", outcome=COMPLETE)), b"{"):
            await producer.send_and_wait(name, value, b"acme")
        answer = result("trigger-1", tenant_id="acme", tenant_key="acme")
        await producer.send_and_wait(site.settings.topic(topics.TRAINING_RESULT), encode(answer), b"acme")
        await send_triggers(producer, site.settings, [trigger(1), trigger(2)])


def wait_until(site: Site, holds: Any) -> dict[str, Any]:
    async def wait() -> dict[str, Any]:
        async with asyncio.timeout(60):
            while not holds(found := (await asyncio.to_thread(site.json))[1]):  # noqa: ASYNC110 others' doing
                await asyncio.sleep(0.2)
        return found

    return asyncio.run(wait())


def test_what_runs_how_far_behind_it_is_and_what_waits(site: Site) -> None:
    code, before = site.json()
    assert (code, before["missing"], before["lag"]) == (1, ["worker", "trainer"], {})
    assert before["broker"] == {
        "bootstrap_servers": site.connection.bootstrap_servers,
        "reachable": True,
        "error": None,
    }

    site.start("worker")
    asyncio.run(fill(site))

    now = wait_until(site, lambda found: found["dead_letters"] and not found["lag"]["routing-decision"])
    assert (now["workers"], now["trainers"], now["dead_letters"]) == (1, 0, 1)
    assert now["lag"] == {
        "routing-decision": 0,
        "routing-outcome": 0,
        "workflow-execution": 0,
        "optimization-trigger": 2,
    }
    assert [each["trigger_id"] for each in now["outstanding_triggers"]] == ["trigger-2"]
    assert [(each["tenant_key"], each["verdict"]) for each in now["results"]] == [("acme", "rejected")]
    assert site.json("--role", "worker", instance_id="worker-1")[0] == 0
    assert site.json("--role", "worker", instance_id="worker-2")[1]["missing"] == ["worker"]
    assert site.json("--role", "trainer")[1]["missing"] == ["trainer"]
    lines = site.status().output.splitlines()
    assert "trainers      NONE" in lines
    assert "dead letters  1" in lines


def test_all_is_well_while_both_run(site: Site) -> None:
    site.start("worker", "trainer")
    code, now = site.json()
    assert (code, now["ok"], now["workers"], now["trainers"]) == (0, True, 1, 1)
    assert site.json("--role", "trainer", instance_id="trainer-1")[0] == 0
    assert site.json("--role", "trainer", instance_id="trainer-2")[0] == 1
    asyncio.run(fill(site))
    now = wait_until(site, lambda found: len(found["results"]) > 1 and not found["outstanding_triggers"])
    wait_until(site, lambda found: found["lag"]["optimization-trigger"] == 0)
    assert {each["tenant_key"] for each in now["results"]} == {"acme"}


def test_a_broker_that_is_away_is_said_in_one_line() -> None:
    given = {"SIGNALBOX_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    done = CliRunner().invoke(main, ["status"], env=given)
    assert done.exit_code == 1
    assert done.output.startswith("broker        127.0.0.1:1: not reachable: KafkaConnectionError: ")
    assert done.output.count("\n") == 1
