"""Each of our own services in docker-compose.yml starts on a real broker, says so, and stops when asked."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.broker import Broker

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(Path("docker-compose.yml").read_text())["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
ENTRYPOINT = Path("bin/signalbox").resolve()
READY_LIMIT_S = 60
STOP_LIMIT_S = 20  # docker-compose.yml: stop_grace_period

pytestmark = [pytest.mark.integration, pytest.mark.timeout(READY_LIMIT_S + STOP_LIMIT_S + 60)]


def environment_of(name: str, kafka: Broker, folder: Path) -> dict[str, str]:
    """The service's environment with what is different here: the broker, the folders, the ports."""
    here = {
        "SIGNALBOX_BOOTSTRAP_SERVERS": kafka.connection.bootstrap_servers,
        "SIGNALBOX_TOPIC_PREFIX": f"compose-{name}-{os.getpid()}.",
        "SIGNALBOX_DATA_FOLDER": str(folder / "data"),
        "SIGNALBOX_STORE_URL": f"file://{folder}/artifacts",
        "PYTHONUNBUFFERED": "1",
    }
    own = {variable: str(value) for variable, value in SERVICES[name]["environment"].items()}
    outside = {
        variable: value for variable, value in os.environ.items() if not variable.startswith("SIGNALBOX_")
    }
    return {**outside, **own, **here}


@pytest.fixture(params=OURS)
def service(
    request: pytest.FixtureRequest, kafka: Broker, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    name = request.param
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


def test_the_command_becomes_ready_and_ends_cleanly(service: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, log = service
    deadline = time.monotonic() + READY_LIMIT_S
    while not any(line.endswith("ready") for line in log.read_text().splitlines()):
        assert process.poll() is None, f"ended with {process.returncode}:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"not ready in {READY_LIMIT_S} s:\n{log.read_text()}"
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_LIMIT_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text()
