"""A real Apache Kafka node on this machine: one Java process, KRaft, loopback ports, no Docker."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from adapters.broker import guard
from adapters.broker.base import Broker
from adapters.broker.jars import DEFAULT_CACHE, fetch_jars, jars_folder, kafka_version, progress_to_stderr
from adapters.broker.node_config import Ports, SecureListener, as_properties, node_settings
from adapters.broker.ports import HOST, free_ports
from adapters.broker.probe import wait_for_version
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, ConfigurationError, Retry

OLDEST_JAVA = 17
READY_LIMIT_S = 60.0
"""Measured: 3 s for a new node on two idle cores."""

# Small and quick to start; without the file that a Java process otherwise leaves behind when it is killed.
_JAVA_OPTIONS = ("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_ATTEMPTS = 3
# What says most about a failure, in this order: its root, the exception itself, any error.
_TELLING = (
    re.compile(r"^Caused by: "),
    re.compile(r"^[\w.$]+(Exception|Error): "),
    re.compile("ERROR|Error"),
)


def missing(cache: Path = DEFAULT_CACHE) -> str | None:
    """What this machine lacks for a local node, or None when it can have one."""
    java = shutil.which("java")
    if java is None:
        return f"Java {OLDEST_JAVA} or newer on the PATH"
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', shown)
    if not found or int(found[1]) < OLDEST_JAVA:
        return f"Java {OLDEST_JAVA} or newer (found {found[1] if found else 'one that does not start'})"
    if not jars_folder(cache).is_dir() and shutil.which("mvn") is None:
        return "mvn on the PATH, to fetch Apache Kafka's jars"
    return None


class LocalKafka(Broker):
    """Apache Kafka as a child process, guarded so that it never outlives us.

    With `data_folder` the data survive; without it they live in a temporary folder that goes with the node.
    `secure` opens a second listener with TLS and a password, reached with `secure_connection`.
    """

    kind = "kafka"

    def __init__(
        self,
        data_folder: Path | None = None,
        *,
        cache: Path = DEFAULT_CACHE,
        secure: SecureListener | None = None,
        progress: Callable[[str], None] = progress_to_stderr,
    ) -> None:
        self.durable = data_folder is not None
        self._data_folder = data_folder
        self._cache = cache
        self._secure = secure
        self._progress = progress
        self._guard: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._log: IO[str] | None = None
        self.secure_connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the node's guard, which ends when the node ends."""
        return self._guard.pid if self._guard else None

    def start(self) -> None:
        """Start the node, fetching its jars first if need be, and wait until it answers."""
        if self._guard:
            return
        lacking = missing(self._cache)
        if lacking:
            raise BrokerUnavailable(f"a local Kafka node needs {lacking}")
        jars = fetch_jars(self._cache, self._progress)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._launch(jars)
                self._wait_until_ready()
                return
            except BaseException as error:
                self.stop()
                # Another process may have taken one of the ports that were free a second ago.
                if "Address already in use" not in str(error) or attempt == _ATTEMPTS:
                    raise

    def stop(self) -> None:
        """End the node by process id: SIGTERM, a bounded wait, SIGKILL; then remove a temporary folder."""
        if self._guard:
            self._guard.terminate()
            try:
                self._guard.communicate(timeout=guard.GRACE_S + 5)
            except subprocess.TimeoutExpired:
                self._guard.kill()  # takes the node along
                self._guard.communicate()
        if self._log:
            self._log.close()
        if self._folder and not self.durable:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._guard = self._log = self._folder = self._connection = self.secure_connection = None

    def _launch(self, jars: Path) -> None:
        self._folder = folder = self._make_folder()
        ports = Ports(*free_ports(3))
        settings = node_settings(str(folder / "data"), ports, secure=self._secure)
        task = {"commands": _commands(jars, folder), "remove": None if self.durable else str(folder)}
        with _locked(folder / "lock") as lock, (folder / "kafka.log").open("wb") as log:
            properties = folder / "server.properties"
            properties.touch(mode=0o600)  # it may hold a password and a key
            properties.write_text(as_properties(settings))
            # Opened now, so that it can still be read when the guard has removed the folder.
            self._log = (folder / "kafka.log").open(errors="replace")
            self._guard = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", guard.__file__, json.dumps(task)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=(lock.fileno(),),  # the folder is ours for as long as the guard lives
                start_new_session=True,  # Ctrl-C stops us first; we stop the node when nobody needs it
            )
        self._connection = Connection(f"{HOST}:{ports.broker}")
        self.secure_connection = self._secure.connection(ports.secure) if self._secure else None

    def _make_folder(self) -> Path:
        if self._data_folder is None:
            return Path(tempfile.mkdtemp(prefix="signalbox-kafka-"))
        try:
            self._data_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"data_folder {self._data_folder} can't be used: {error}") from error
        return self._data_folder.absolute()

    def _wait_until_ready(self) -> None:
        try:
            wait_for_version(self.connection, READY_LIMIT_S, self._check_alive)
        except Retry as error:
            raise BrokerUnavailable(
                f"the local Kafka node was not ready in {READY_LIMIT_S:.0f} s: {self._last_error()}"
            ) from error
        self.version = kafka_version()

    def _check_alive(self) -> None:
        if self._guard is None or self._guard.poll() is not None:
            raise BrokerUnavailable(f"the local Kafka node ended at its start: {self._last_error()}")

    def _last_error(self) -> str:
        """The line of the node's log that most likely says what is wrong."""
        assert self._log is not None  # noqa: S101
        lines = [line.strip() for line in self._log if line.strip()]
        for pattern in _TELLING:
            told = [line for line in lines if pattern.search(line)]
            if told:
                return told[-1]
        return lines[-1] if lines else "it logged nothing"


def _commands(jars: Path, folder: Path) -> list[list[str]]:
    """What to run, one after the other: format the data folder if it is new, then the node."""
    scratch, properties = folder / "tmp", str(folder / "server.properties")
    scratch.mkdir(exist_ok=True)
    java = [shutil.which("java") or "java", *_JAVA_OPTIONS, f"-Djava.io.tmpdir={scratch}", "-cp", f"{jars}/*"]
    node = [*java, "kafka.Kafka", properties]
    if (folder / "data" / "meta.properties").exists():
        return [node]
    options = ["format", "--cluster-id", _cluster_id(), "--config", properties]
    return [[*java, "kafka.tools.StorageTool", *options], node]


def _cluster_id() -> str:
    """A random id in Kafka's form: 16 bytes in base64, without a '-' that would look like an option."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """Hold a lock that two nodes on one folder can't both have; a node that is stopping gets time to end."""
    deadline = time.monotonic() + guard.GRACE_S
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BrokerUnavailable(
                        f"the data folder {path.parent} is in use by another node"
                    ) from None
                time.sleep(0.1)
        yield file
