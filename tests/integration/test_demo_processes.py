"""The demo's child processes: honest about their end, and gone with whoever started them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.broker.probe import ask_version
from signalbox import Connection
from signalbox.errors import Retry, Stop
from streams.cli.processes import ServiceProcess, check_services, start_services
from streams.settings import child_environment

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def test_a_service_that_can_not_start_says_why(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(Stop, match=r"(?s)the trainer has ended with status 3; .*BOOTSTRAP_SERVERS"):
        await start_services(tmp_path, {"trainer": child_environment()}, asyncio.Event(), said.append)
    assert said == []


async def test_a_service_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    service = ServiceProcess("broker", tmp_path / "log", child_environment(broker="in-process"))
    try:
        with pytest.raises(Stop, match=r"was not ready in 0 s; it logged nothing"):
            await service.wait_until_ready(asyncio.Event(), limit_s=0)
        check_services([service])
    finally:
        service.stop()
    with pytest.raises(Stop, match="the broker has ended with status"):
        check_services([service])


def test_the_broker_command_tells_a_script_how_to_reach_it_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams", "broker", "--json"]
    environment = {**os.environ, "SIGNALBOX_BROKER": "in-process", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        facts = json.loads(process.stdout.readline())
        assert facts["kind"] == "in-process"
        assert not facts["durable"]
        assert ask_version(Connection(facts["bootstrap_servers"]), 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    with pytest.raises(Retry):
        ask_version(Connection(facts["bootstrap_servers"]), 1)


def test_the_broker_command_tells_a_person_what_to_export(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams", "broker"]
    environment = {**os.environ, "SIGNALBOX_BROKER": "in-process", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0

    assert "its data is gone when it stops" in lines[0]
    assert re.search(r"export SIGNALBOX_BOOTSTRAP_SERVERS=127\.0\.0\.1:\d+", lines[1])
    assert "export SIGNALBOX_BROKER=in-process" in lines[2]


def test_a_demo_that_is_killed_takes_its_services_along(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from streams.cli.processes import ServiceProcess\n"
        "from streams.settings import child_environment\n"
        "log, environment = pathlib.Path(sys.argv[1]), child_environment(broker='in-process')\n"
        "service = ServiceProcess('broker', log, environment)\n"
        "print(service.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    log = tmp_path / "log"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(log)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    guard = int(process.stdout.readline())
    until(lambda: "is ready" in log.read_text())
    children = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
    process.kill()
    process.communicate()

    assert len(children) == 1
    until(lambda: not alive(guard) and not alive(int(children[0])))


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["simulate", "--groups", "pyproject.toml"], 2, "--queries"),
        (["simulate", "--seconds", "1"], 3, "SIGNALBOX_BOOTSTRAP_SERVERS"),
        (["demo", "--constant-reward", "2"], 2, "--constant-reward"),
        (["demo", "--queries", "no-such-file.csv"], 2, "does not exist"),
        (["demo", "--queries", "pyproject.toml"], 3, "queries: pyproject.toml line 1"),
    ],
)
def test_what_is_wrong_is_one_line_and_the_right_exit_status(
    arguments: list[str], status: int, message: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streams", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["demo", "simulate", "broker"])
def test_help_teaches_with_examples(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streams", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"  signalbox {command} " in done.stdout.partition("Examples:")[2]
