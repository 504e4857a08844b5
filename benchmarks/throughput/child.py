"""Processes under measurement, each by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from benchmarks.throughput.result import Result
from signalbox.connection import Connection
from signalbox.errors import Stop
from streams.settings import child_environment

ROOT = str(Path(__file__).parents[2])
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PEER_LIMIT_S = 300.0


def worker_environment(connection: Connection, prefix: str, folder: Path) -> dict[str, str]:
    """The environment of a worker process, whose restart is recognised by its instance id."""
    return child_environment(
        bootstrap_servers=connection.bootstrap_servers,
        topic_prefix=prefix,
        data_folder=folder,
        instance_id="benchmark",
        log_level="warning",
    )


class Worker:
    """A real worker: `python -m streams worker`."""

    def __init__(self, connection: Connection, prefix: str, folder: Path) -> None:
        self._environment = worker_environment(connection, prefix, folder)
        self._log = folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Its process id; raises `Stop` with the end of its log if it has ended."""
        assert self._process is not None  # noqa: S101
        status = self._process.poll()
        if status is not None:
            end = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
            raise Stop(f"the worker ended with status {status}:\n{end}")
        return self._process.pid

    def start(self) -> None:
        """Start it; returns at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streams", "worker"],
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=ROOT,
            )

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def cpu_s(self) -> float:
        """The processor time, user and system, that it has had so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def run_peer(module: str, arguments: Sequence[str]) -> Result:
    """Run a peer in a process of its own, which prints its `Result` as its last line."""
    command = [sys.executable, "-m", f"benchmarks.throughput.peers.{module}", *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, capture_output=True, text=True, timeout=PEER_LIMIT_S, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise Stop(f"{module} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return msgspec.json.decode(lines[-1], type=Result)
