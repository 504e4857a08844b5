"""Each of our own services in docker-compose.yml starts on a real broker, says so, and stops when asked."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.broker import Broker
from adapters.broker.ports import HOST, free_ports

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(Path("docker-compose.yml").read_text())["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
ENTRYPOINT = Path("bin/signalbox").resolve()
READY_LIMIT_S = 60
PORT = free_ports(1)[0]
STOP_LIMIT_S = 20  # docker-compose.yml: stop_grace_period

pytestmark = [pytest.mark.integration, pytest.mark.timeout(READY_LIMIT_S + STOP_LIMIT_S + 60)]


def environment_of(name: str, kafka: Broker, folder: Path) -> dict[str, str]:
    """The service's environment with what is different here: the broker, the folders, the ports."""
    here = {
        "SIGNALBOX_BOOTSTRAP_SERVERS": kafka.connection.bootstrap_servers,
        "SIGNALBOX_TOPIC_PREFIX": f"compose-{name}-{os.getpid()}.",
        "SIGNALBOX_DATA_FOLDER": str(folder / "data"),
        "SIGNALBOX_STORE_URL": f"file://{folder}/artifacts",
        "SIGNALBOX_WEB_HOST": HOST,
        "SIGNALBOX_WEB_PORT": str(PORT),
        "PYTHONUNBUFFERED": "1",
    }
    own = {variable: str(value) for variable, value in SERVICES[name]["environment"].items()}
    outside = {
        variable: value for variable, value in os.environ.items() if not variable.startswith("SIGNALBOX_")
    }
    return {**outside, **own, **here}


def health_check(name: str) -> list[str]:
    """The container's health check, with this machine's paths and port."""
    places = {"/signalbox/bin/signalbox": str(ENTRYPOINT), "/signalbox/.venv/bin/python": sys.executable}
    word, *command = SERVICES[name]["healthcheck"]["test"]
    assert word == "CMD"
    return [places.get(part, part.replace(":9464/", f":{PORT}/")) for part in command]


@pytest.fixture(params=OURS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def service(name: str, kafka: Broker, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [ENTRYPOINT, *SERVICES[name]["command"]],
            cwd=tmp_path,
            env=environment_of(name, kafka, tmp_path),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_the_command_becomes_ready_healthy_and_ends_cleanly(
    service: tuple[subprocess.Popen[bytes], Path], name: str, kafka: Broker, tmp_path: Path
) -> None:
    process, log = service
    deadline = time.monotonic() + READY_LIMIT_S
    while not any(line.endswith("ready") for line in log.read_text().splitlines()):
        assert process.poll() is None, f"ended with {process.returncode}:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"not ready in {READY_LIMIT_S} s:\n{log.read_text()}"
        time.sleep(0.1)
    environment, attempts = environment_of(name, kafka, tmp_path), SERVICES[name]["healthcheck"]["retries"]
    for attempt in range(attempts):
        checked = subprocess.run(health_check(name), env=environment, capture_output=True, check=False)
        if checked.returncode == 0:
            break
        assert attempt < attempts - 1, checked.stderr.decode()[-2000:]
        time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_LIMIT_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text()
