import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from adapters.broker.jars import POM, fetch_jars, jars_folder, kafka_version
from signalbox.errors import BrokerUnavailable

ASK = """
import sys
from pathlib import Path
from adapters.broker.jars import fetch_jars
print(fetch_jars(Path(sys.argv[1])))
"""


def fake_maven(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `mvn` that notes every call in a file, whose name is returned, and then runs the script."""
    calls = folder / "calls"
    program = folder / "mvn"
    program.write_text(
        f'#!/bin/sh\necho called >> "{calls}"\nfor last; do :; done\nout=${{last#*=}}\n{script}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return calls


def test_every_version_in_the_pom_is_pinned() -> None:
    versions = [each.text for each in ET.parse(POM).iter("{http://maven.apache.org/POM/4.0.0}version")]
    assert len(versions) == 4
    assert all(each == "${kafka.version}" or (each and each[0].isdigit()) for each in versions)
    assert kafka_version() == "4.1.0"


def test_many_ask_and_one_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake_maven(tmp_path, 'mkdir "$out"; sleep 1; echo jar > "$out/kafka.jar"', monkeypatch)
    cache = tmp_path / "cache"
    command = [sys.executable, "-c", ASK, str(cache)]
    asking = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    answers = [each.communicate(timeout=60) for each in asking]
    assert {out.strip() for out, _ in answers} == {str(jars_folder(cache))}
    assert [err for _, err in answers if err] == ["fetching Apache Kafka 4.1.0 jars\n"]
    assert calls.read_text() == "called\n"
    assert [file.name for file in jars_folder(cache).iterdir()] == ["kafka.jar"]


def test_a_failed_fetch_says_why_in_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_maven(tmp_path, 'mkdir "$out"; echo half > "$out/a.jar"; echo "[ERROR] no route"; exit 1', monkeypatch)
    said: list[str] = []
    with pytest.raises(BrokerUnavailable) as caught:
        fetch_jars(tmp_path / "cache", said.append)
    assert str(caught.value) == "mvn could not fetch Apache Kafka's jars: [ERROR] no route"
    assert said == ["fetching Apache Kafka 4.1.0 jars"]
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["fetching.lock"]


def test_another_pom_has_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = jars_folder(tmp_path)
    changed = tmp_path / "pom.xml"
    changed.write_text(POM.read_text().replace("1.7.36", "1.7.35"))
    monkeypatch.setattr("adapters.broker.jars.POM", changed)
    assert jars_folder(tmp_path) != before
