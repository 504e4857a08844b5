"""The whole loop closes: decisions in, better policies in force. The runs of full length are marked slow."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from adapters.broker import Broker
from tests.integration.demo_support import ROOT, left_behind, run_demo

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
CLINC = ROOT.parent / "shared" / "data" / "clinc150"


def assert_that_the_loop_closed(summary: dict[str, Any], policies: int) -> None:
    assert summary["policies_adopted"] >= policies, summary["said"]
    assert summary["policies_published"] >= summary["policies_adopted"]
    assert summary["last_reward"] > summary["first_reward"] + 0.1
    assert summary["last_reward"] > summary["best_single_agent_reward"]
    assert summary["last_reward"] < summary["optimal_reward"] + 0.05
    assert summary["trigger_to_policy_s"]["p50"] > 0
    assert summary["publish_to_adopt_s"]["p50"] > 0
    assert summary["trials_begun"] >= summary["trials_promoted"] + summary["trials_rejected"]
    assert (summary["dead_letters"], summary["dropped"], summary["trainings_failed"]) == (0, 0, 0)


def clinc10(folder: Path) -> tuple[str, ...]:
    """The demo's arguments for CLINC150's training queries, grouped into its ten domains."""
    if not (CLINC / "data_full.json").exists():
        pytest.skip(f"{CLINC} is not there: the real queries are not part of the project")
    queries = folder / "clinc150.csv"
    with queries.open("w", newline="", encoding="utf-8") as file:
        rows = json.loads((CLINC / "data_full.json").read_text())["train"]
        csv.writer(file).writerows([("text", "label"), *rows])
    return "--queries", str(queries), "--groups", str(CLINC / "domains.json")


def servers(kafka: Broker) -> dict[str, str]:
    return {"bootstrap_servers": kafka.connection.bootstrap_servers}


def test_the_reward_climbs_because_of_policies_that_were_learned(tmp_path: Path) -> None:
    summary = run_demo(tmp_path, "--seconds", "30")

    assert summary["broker"]["kind"] in ("kafka", "container")
    assert_that_the_loop_closed(summary, policies=2)


def test_a_constant_reward_promotes_nothing(tmp_path: Path, kafka: Broker) -> None:
    summary = run_demo(tmp_path, "--seconds", "15", "--constant-reward", "0.7", **servers(kafka))

    assert summary["candidates_rejected"] > 0
    assert (summary["policies_published"], summary["policies_adopted"]) == (0, 0)
    assert summary["trials_promoted"] == 0
    assert summary["first_reward"] == summary["last_reward"] == pytest.approx(0.7)
    assert summary["optimal_reward"] == pytest.approx(0.7)


def test_real_queries_close_the_loop_too(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, kafka: Broker
) -> None:
    arguments = clinc10(tmp_path_factory.mktemp("queries"))
    summary = run_demo(tmp_path, "--seconds", "30", *arguments, **servers(kafka))

    assert_that_the_loop_closed(summary, policies=1)


def test_ctrl_c_ends_it_with_a_summary_and_leaves_nothing_behind(tmp_path: Path, kafka: Broker) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment["SIGNALBOX_BOOTSTRAP_SERVERS"] = kafka.connection.bootstrap_servers
    with subprocess.Popen(
        [sys.executable, "-m", "streams", "demo", "--plain"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        said = ""
        while "decisions  reward 0" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=60)[0]
        assert process.returncode == 0, said

    assert "first 500 decisions" in said
    assert left_behind(tmp_path) == []
    assert not [name for name in asyncio.run(topics_of(kafka)) if name.startswith("signalbox-demo-")]


async def topics_of(kafka: Broker) -> list[str]:
    admin = AIOKafkaAdminClient(**kafka.connection.client_options())
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


@pytest.mark.slow
def test_two_minutes_of_generated_traffic(tmp_path: Path) -> None:
    summary = run_demo(tmp_path)

    assert_that_the_loop_closed(summary, policies=3)
    assert summary["trials_begun"] > 0
    assert summary["last_reward"] > summary["best_single_agent_reward"] + 0.05


@pytest.mark.slow
def test_two_minutes_of_constant_reward(tmp_path: Path) -> None:
    summary = run_demo(tmp_path, "--constant-reward", "0.5")

    assert summary["candidates_rejected"] > 10
    assert summary["policies_published"] == 0


@pytest.mark.slow
def test_fifteen_thousand_real_queries(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    arguments = clinc10(tmp_path_factory.mktemp("queries"))
    summary = run_demo(tmp_path, "--decisions", "15000", *arguments)

    assert summary["decisions"] == 15000
    assert_that_the_loop_closed(summary, policies=2)
    assert summary["last_reward"] > summary["best_single_agent_reward"] + 0.2
