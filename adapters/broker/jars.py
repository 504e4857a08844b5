"""Apache Kafka's jars: fetched once through Maven as `kafka/pom.xml` pins them, kept in a cache."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from signalbox.errors import BrokerUnavailable

POM = Path(__file__).parent / "kafka" / "pom.xml"
DEFAULT_CACHE = Path.home() / ".cache" / "signalbox"
FETCH_LIMIT_S = 600.0
"""Measured: 5 s with a nearby repository; 43 MB have to come through."""


def progress_to_stderr(line: str) -> None:
    """Show a line of progress to whoever started the command."""
    sys.stderr.write(line + "\n")


def kafka_version() -> str:
    """The version that the pom pins."""
    found = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text())
    if not found:
        raise BrokerUnavailable(f"{POM.name} names no kafka.version")
    return found[1]


def jars_folder(cache: Path) -> Path:
    """Where the jars of this very pom are, once they have been fetched."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    return cache / f"kafka-{kafka_version()}-{digest}"


def fetch_jars(cache: Path, progress: Callable[[str], None] = progress_to_stderr) -> Path:
    """The folder with the jars, fetched first if need be; any number of processes may ask at once.

    Raises `BrokerUnavailable` when Maven is missing or can't get them.
    """
    folder = jars_folder(cache)
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailable("Apache Kafka's jars have not been fetched yet, which needs mvn on the PATH")
    cache.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / "fetching.lock"):
        if not folder.is_dir():
            progress(f"fetching Apache Kafka {kafka_version()} jars")
            _fetch(maven, folder)
    return folder


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(maven: str, folder: Path) -> None:
    """Copy the jars beside their place and move them there at once, so that the folder is whole or absent."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as scratch:
        jars = Path(scratch) / "jars"
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        command = [maven, "-q", "-B", "-f", str(POM), *copy]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=FETCH_LIMIT_S)  # noqa: S603
        except subprocess.CalledProcessError as error:
            errors = [line for line in error.stdout.splitlines() if "[ERROR]" in line]
            reason = errors[0] if errors else f"exit status {error.returncode}"
            raise BrokerUnavailable(f"mvn could not fetch Apache Kafka's jars: {reason}") from error
        except subprocess.TimeoutExpired as error:
            raise BrokerUnavailable(
                f"mvn did not fetch Apache Kafka's jars within {FETCH_LIMIT_S:.0f} s"
            ) from error
        jars.rename(folder)
