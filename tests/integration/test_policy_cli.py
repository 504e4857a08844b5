"""`signalbox policy` on what a real trainer, started from the command line, has published."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from adapters.broker import Broker
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import OptimizationTrigger, TrainingResult
from signalbox.topics import ROUTING_EXPERIENCE
from streams.cli import main
from streams.settings import Settings, child_environment
from streams.topics import ensure_topics
from streams.worker.policies import policies_from
from tests.integration.trainer_support import (
    producer_on,
    results_of,
    send_triggers,
    settings_for,
    trainer_on,
    updates_of,
)
from tests.integration.trainer_support import trigger as quick_trigger
from tests.streams.trainer_jobs import last_job

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@dataclass
class Site:
    """A cluster with what a trainer has left on it, and the command line that looks at it."""

    settings: Settings
    environment: dict[str, str]

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["policy", *arguments], env=self.environment)

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def site(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A promotion of a policy that knows nothing, one of a policy that learned, a late and a broken trigger."""
    folder = tmp_path_factory.mktemp("site")
    settings = settings_for(kafka.connection, folder, f"c{uuid4().hex[:8]}-")
    names = ("bootstrap_servers", "topic_prefix", "partitions", "data_folder")
    given = {name: getattr(settings, name) for name in names}
    asyncio.run(fill(kafka.connection, settings, child_environment(**given)))
    return Site(settings, {f"SIGNALBOX_{name.upper()}": str(value) for name, value in given.items()})


async def fill(connection: Connection, settings: Settings, environment: dict[str, str]) -> None:
    await ensure_topics(connection, settings)
    job = last_job(1500, policies_from(settings))
    learned = structs.replace(job.trigger, trigger_id="learned")
    async with producer_on(connection) as producer:
        for record in job.records:
            await producer.send(settings.topic(ROUTING_EXPERIENCE), record, b"acme", partition=0)
        await producer.flush()

        async def answer(trigger: OptimizationTrigger) -> str | None:
            await send_triggers(producer, settings, [trigger])
            async with asyncio.timeout(60):
                while not (found := await answers(connection, settings, trigger.trigger_id)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            return found[0].digest

        async with trainer_on(connection, settings):
            champion = await answer(quick_trigger(1))
        async with command_line_trainer(environment):
            assert await answer(structs.replace(learned, champion_digest=champion)) is not None
            await answer(structs.replace(learned, trigger_id="late"))
            now = (await updates_of(connection, settings))[-1].digest
            await answer(
                structs.replace(learned, trigger_id="broken", champion_digest=now, buffer_digest="other")
            )


async def answers(connection: Connection, settings: Settings, trigger_id: str) -> list[TrainingResult]:
    return [each for each in await results_of(connection, settings) if each.trigger_id == trigger_id]


@asynccontextmanager
async def command_line_trainer(environment: dict[str, str]) -> AsyncIterator[None]:
    trainer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams", "trainer", env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert trainer.stdout is not None
    try:
        assert await trainer.stdout.readline() == b"trainer ready\n"
        yield
    finally:
        trainer.terminate()
        assert await trainer.wait() == 0


def test_list_shows_every_verdict_newest_last_and_what_is_in_force(site: Site) -> None:
    lines = site.json("list")
    assert [(line["trigger_id"], line["verdict"], line["in_force"]) for line in lines] == [
        ("trigger-1", "promoted", False),
        ("learned", "promoted", True),
        ("late", "rejected", False),
        ("broken", "failed", False),
    ]
    assert lines[1]["improvement"]["lower"] > lines[1]["threshold"]


def test_the_table_is_for_people(site: Site) -> None:
    header, first, learned, late, broken = site.run("list", "--tenant", "acme").output.splitlines()
    columns = ["time", "(UTC)", "tenant", "scope", "verdict", "version", "policy", "differed", "improvement"]
    assert header.split() == [*columns, "needed", "why"]
    assert " promoted  1 " in first
    assert learned.startswith("* ") and " better: Proven better" in learned
    assert "stale_champion: made for champion" in late
    assert "error: buffer_digest: the worker had other" in broken
    assert site.run("list", "--tenant", "globex").output == "no trigger has been answered yet\n"


def test_show_gives_manifest_estimates_and_lineage(site: Site) -> None:
    (policy,) = site.json("show", "--tenant", "acme")
    assert policy["in_force"] and policy["versions"] == [2]
    lineage = policy["manifest"]["lineage"]
    (before,) = site.json("show", "1", "--tenant", "acme")
    assert (lineage["trigger_id"], lineage["parent_digest"]) == ("learned", before["digest"])
    assert policy["manifest"]["estimates"]["improvement"]["overlap"] == 1.0
    text = site.run("show", policy["digest"][:8], "--tenant", "acme").output
    assert "      overlap: 1.0\n" in text
    assert "  lineage:\n    trigger_id: learned\n" in text


def test_evaluate_estimates_any_policy_from_the_log(site: Site) -> None:
    (learned,), (before,) = (site.json("evaluate", *name, "--tenant", "acme") for name in ((), ("1",)))
    (policy,) = site.json("show", "--tenant", "acme")
    assert (learned["digest"], learned["trigger_id"]) == (policy["digest"], "broken")
    assert learned["held_out"] == before["held_out"] > 200
    assert learned["recommended"]["lower"] > before["recommended"]["upper"]
    text = site.run("evaluate", "--tenant", "acme").output
    assert "recommended:\n  value: " in text
    assert "\n    effective_samples: " in text


def test_verify_trains_again_and_finds_the_same_bytes(site: Site) -> None:
    (found,) = site.json("verify", "--tenant", "acme")
    assert found["same"] and found["trigger_id"] == "learned"
    assert found["published"]["digest"] == found["again"]["digest"]
    assert site.run("verify", "broken", "--tenant", "acme").output.endswith("the same\n")


def test_verify_fails_on_any_difference(site: Site) -> None:
    result = site.run("verify", "trigger-1", "--tenant", "acme")  # made by the tests' own training
    assert result.exit_code == 1
    assert "DIFFERENT: " in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "--tenant", "globex"), "tenant 'globex', scope 'routing': no policy is in force"),
        (("evaluate", "--tenant", "globex"), "tenant 'globex', scope 'routing': no policy is in force"),
        (("show", "9", "--tenant", "acme"), "no policy was in force or on trial as '9'"),
        (("verify", "nobody", "--tenant", "acme"), "there is no answer to trigger 'nobody'"),
        (("rollback", "--tenant", "acme", "--to", "2"), "is in force already, as version 2"),
        (("canary", "2", "--tenant", "acme"), "is in force already, as version 2"),
        (("canary", "ffff", "--tenant", "acme"), "no policy was in force or on trial as 'ffff'"),
        (("end", "--tenant", "acme"), "tenant 'acme', scope 'routing': nothing is on trial"),
    ],
)
def test_what_is_not_there_is_named(site: Site, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        CliRunner().invoke(main, ["policy", *arguments], env=site.environment, catch_exceptions=False)


def test_rollback_puts_the_policy_before_back_in_force(site: Site) -> None:
    first, learned = site.json("list")[:2]
    assert "acme/routing: rolled back from version 2" in site.run("rollback", "--tenant", "acme").output
    (policy,) = site.json("show", "--tenant", "acme")
    assert (policy["digest"], policy["versions"]) == (first["digest"], [1, 3])
    (last,) = [line for line in site.json("list") if line["in_force"]]
    assert (last["verdict"], last["reason"], last["version"]) == ("rolled_back", "requested", 3)
    (forward,) = site.json("rollback", "--tenant", "acme", "--to", learned["digest"][:10])
    assert (forward["digest"], forward["version"]) == (learned["digest"], 4)


def test_a_canary_goes_out_is_seen_and_ends(site: Site) -> None:
    first = site.json("list")[0]
    said = site.run("canary", "1", "--tenant", "acme", "--share", ".2").output
    assert said == f"acme/routing: {first['digest'][:12]} decides for a share of 0.2, as a canary\n"
    (last,) = [line for line in site.json("list") if line["on_trial"]]
    assert (last["verdict"], last["reason"], last["digest"]) == ("on_trial", "requested", first["digest"])
    assert site.run("list").output.splitlines()[-1].startswith("~ ")
    (shown,) = site.json("show", first["digest"][:8], "--tenant", "acme")
    assert (shown["on_trial"], shown["in_force"]) == (True, False)
    status = CliRunner().invoke(main, ["status"], env=site.environment).output
    assert f"canary        acme/routing: {first['digest'][:12]}, share 0.2, for " in status
    with pytest.raises(
        ConfigurationError, match="is out already \\(canary\\); `signalbox policy end` ends that"
    ):
        CliRunner().invoke(
            main, ["policy", "canary", "1", "--tenant", "acme"], env=site.environment, catch_exceptions=False
        )
    (ended,) = site.json("end", "--tenant", "acme")
    assert (ended["verdict"], ended["reason"], ended["digest"]) == ("rejected", "requested", first["digest"])
    assert ended["trial"] == {"decisions": 0, "disagreements": 0, "seconds": 0.0}
    assert not [line for line in site.json("list") if line["on_trial"]]


def test_a_rollback_ends_a_canary(site: Site) -> None:
    site.json("canary", "1", "--tenant", "acme")
    site.json("rollback", "--tenant", "acme", "--to", "1")
    assert not [line for line in site.json("list") if line["on_trial"]]
    site.json("rollback", "--tenant", "acme", "--to", "2")
