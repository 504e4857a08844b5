"""The guard, with small Python programs in the place of a server."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.broker import guard

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def start(commands: list[list[str]], remove: Path | None = None) -> subprocess.Popen[str]:
    task = json.dumps({"commands": commands, "remove": str(remove) if remove else None})
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(text: str, status: int = 0) -> list[str]:
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit({status})"]


def test_commands_run_in_order_up_to_the_first_that_fails(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    guarding = start([say("one"), say("two", 3), say("three")], remove=folder)
    assert guarding.stdout is not None
    assert guarding.stdout.read().split() == ["one", "two"]
    assert guarding.wait(20) == 3
    assert not folder.exists()
    guarding.communicate()


@pytest.mark.parametrize("how", ["its owner closes the pipe, as death does", "SIGTERM"])
def test_it_stops_the_server_and_starts_nothing_more(how: str, tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    guarding = start([SLEEP, say("never")], remove=folder)
    assert guarding.stdout is not None
    assert guarding.stdin is not None
    assert guarding.stdout.readline() == "up\n"
    if how == "SIGTERM":
        guarding.terminate()
    else:
        guarding.stdin.close()
    assert guarding.stdout.read() == ""  # at its end: the server, too, has closed its output
    assert guarding.wait(20) == 128 + signal.SIGTERM
    assert not folder.exists()


def test_a_server_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "GRACE_S", 0.1)
    server = subprocess.Popen(STUBBORN, stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert server.stdout.readline() == b"up\n"
    guard._stop(server)
    assert server.returncode == -signal.SIGKILL
    server.communicate()
