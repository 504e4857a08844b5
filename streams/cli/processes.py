"""Child processes of the demo: they end when it ends, however it ends."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import streams
from adapters.broker import guard
from signalbox.errors import Stop

READY_LIMIT_S = 60.0
POLL_S = 0.05
TAIL_LINES = 30


class ServiceProcess:
    """`signalbox NAME` in a process of its own, under a guard that stops it even if we are killed.

    It is ready when it has printed a line that ends with "ready"; what it prints goes to `log_file`.
    """

    def __init__(self, name: str, log_file: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._log_file = log_file
        task = {"commands": [[sys.executable, "-m", "streams", name]], "remove": None}
        root = str(Path(streams.__file__).parents[1])
        with log_file.open("wb") as log:
            self._guard = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", guard.__file__, json.dumps(task)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**environment, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is for us; we stop it when its work is done
            )

    @property
    def pid(self) -> int:
        """The process id of its guard, which ends with it."""
        return self._guard.pid

    async def wait_until_ready(self, stopping: asyncio.Event, limit_s: float = READY_LIMIT_S) -> None:
        """Wait until it is at work; raises `Stop` with the end of its log if it ends or takes too long."""
        deadline = time.monotonic() + limit_s
        while not self._is_ready() and not stopping.is_set():
            self.check()
            if time.monotonic() > deadline:
                raise Stop(f"the {self.name} was not ready in {limit_s:.0f} s; {self._end_of_log()}")
            await asyncio.sleep(POLL_S)

    def check(self) -> None:
        """Raise `Stop` with the end of its log if it has ended."""
        status = self._guard.poll()
        if status is not None:
            raise Stop(f"the {self.name} has ended with status {status}; {self._end_of_log()}")

    def ask_to_stop(self) -> None:
        """Send SIGTERM; returns at once."""
        if self._guard.poll() is None:
            self._guard.terminate()

    def stop(self) -> None:
        """Stop it and wait: SIGTERM, a bounded time, SIGKILL."""
        self.ask_to_stop()
        try:
            self._guard.communicate(timeout=guard.GRACE_S + 5)
        except subprocess.TimeoutExpired:
            self._guard.kill()  # takes the service along
            self._guard.communicate()

    def _is_ready(self) -> bool:
        return any(line.rstrip().endswith("ready") for line in self._lines())

    def _end_of_log(self) -> str:
        lines = self._lines()[-TAIL_LINES:]
        return (
            "its log ends with\n" + "\n".join(f"    {line}" for line in lines) if lines else "it logged nothing"
        )

    def _lines(self) -> list[str]:
        return self._log_file.read_text(errors="replace").splitlines()


async def start_services(
    folder: Path,
    environments: Mapping[str, Mapping[str, str]],
    stopping: asyncio.Event,
    say: Callable[[str], None],
) -> list[ServiceProcess]:
    """Start a process per name, all at once, and wait until each is ready; stops them all if one isn't."""
    started: list[ServiceProcess] = []
    begun = time.monotonic()
    try:
        for name, environment in environments.items():
            started.append(ServiceProcess(name, folder / f"{name}.log", environment))
        for service in started:
            await service.wait_until_ready(stopping)
            say(f"{service.name}: ready after {time.monotonic() - begun:.1f} s")
    except BaseException:
        stop_services(started)
        raise
    return started


def check_services(services: list[ServiceProcess]) -> None:
    """Raise `Stop` if one has ended."""
    for service in services:
        service.check()


def stop_services(services: list[ServiceProcess]) -> None:
    """Stop them all, at the same time."""
    for service in services:
        service.ask_to_stop()
    for service in services:
        service.stop()
