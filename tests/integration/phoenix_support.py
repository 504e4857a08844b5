"""A real Phoenix server for a test session, from its own environment, with SQLite in a temporary folder."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from adapters.broker import guard
from adapters.broker.ports import HOST, free_ports

PYTHON = Path(".venv-phoenix/bin/python").absolute()
READY_LIMIT_S = 90.0
"""Measured: 10 s on two idle cores."""


@contextmanager
def phoenix_server(folder: Path) -> Iterator[str]:
    """The URL of a server that keeps its data in `folder` and ends with this block, or with this process."""
    if not PYTHON.exists():
        subprocess.run(["make", "phoenix"], check=True)
    port, grpc = free_ports(2)
    url = f"http://{HOST}:{port}"
    environment = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": HOST,
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
    }
    settings = [f"{name}={value}" for name, value in environment.items()]
    command = ["env", *settings, str(PYTHON), "-m", "phoenix.server.main", "serve"]
    task = json.dumps({"commands": [command], "remove": None})
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, task],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            eventually(lambda: is_up(url) or process.poll() is not None, READY_LIMIT_S)
            assert process.poll() is None, (folder / "server.log").read_text()[-2000:]
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=guard.GRACE_S + 5)


def is_up(url: str) -> bool:
    """Whether the server says that it is ready."""
    try:
        with urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def eventually(seen: Callable[[], Any], limit_s: float = 30.0) -> Any:
    """The first true answer of `seen`; fails after a limit that only a broken server reaches."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = seen()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not seen in {limit_s:.0f} s")
