from pathlib import Path
from typing import Any

import pytest

from adapters.broker import choose_broker, container, in_process, local_node
from adapters.broker.jars import jars_folder
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, ConfigurationError

SOMEWHERE = Connection("kafka.example:9092")


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """What each kind lacks, to be changed by the test."""
    needs: dict[str, str | None] = {"kafka": None, "container": None, "in-process": None}
    monkeypatch.setattr(local_node, "missing", lambda cache: needs["kafka"])
    monkeypatch.setattr(container, "missing", lambda: needs["container"])
    monkeypatch.setattr(in_process, "missing", lambda: needs["in-process"])
    return needs


def test_auto_takes_the_best_that_there_is(lacking: dict[str, str | None]) -> None:
    assert choose_broker("auto", SOMEWHERE).kind == "external"
    for kind in lacking:
        assert choose_broker().kind == kind
        lacking[kind] = "something"
    with pytest.raises(BrokerUnavailable) as caught:
        choose_broker()
    assert str(caught.value) == (
        "no broker can be started here (kafka needs something; container needs something; "
        "in-process needs something); or give bootstrap servers"
    )


def test_data_that_shall_be_kept_are_never_put_where_they_are_lost(
    lacking: dict[str, str | None], tmp_path: Path
) -> None:
    assert choose_broker(data_folder=tmp_path).durable
    lacking["kafka"] = "Java"
    with pytest.raises(BrokerUnavailable, match=r"\(kafka needs Java\)"):
        choose_broker(data_folder=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"choice": "redpanda"}, "broker must be one of auto, external, .*, not 'redpanda'"),
        ({"choice": "external"}, "broker external needs bootstrap servers"),
        (
            {"choice": "kafka", "connection": SOMEWHERE},
            "bootstrap servers are for broker external, not for kafka",
        ),
        (
            {"choice": "in-process", "data_folder": Path("kept")},
            "only broker kafka keeps its data in a folder",
        ),
        ({"connection": SOMEWHERE, "data_folder": Path("kept")}, "only broker kafka .*, not external"),
    ],
)
def test_a_choice_that_contradicts_itself_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        choose_broker(**arguments)


def fake_java(folder: Path, version: str) -> None:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "need"),
    [
        (None, "Java 17 or newer on the PATH"),
        ("1.8.0_292", "Java 17 or newer (found 8)"),
        ("11.0.2", "Java 17 or newer (found 11)"),
        ("what?", "Java 17 or newer (found one that does not start)"),
        ("17.0.15", "mvn on the PATH, to fetch Apache Kafka's jars"),
    ],
)
def test_what_a_local_node_lacks(
    version: str | None, need: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if version:
        fake_java(tmp_path, version)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert local_node.missing(tmp_path / "cache") == need
    with pytest.raises(BrokerUnavailable) as caught:
        choose_broker("kafka", cache=tmp_path / "cache").start()
    assert str(caught.value) == f"a local Kafka node needs {need}"


def test_jars_that_were_fetched_before_need_no_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path, "21")
    monkeypatch.setenv("PATH", str(tmp_path))
    jars_folder(tmp_path).mkdir()
    assert local_node.missing(tmp_path) is None


def test_no_docker_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    assert container.missing() == "a running Docker"
    with pytest.raises(BrokerUnavailable, match=r"^a Kafka container needs a running Docker$"):
        choose_broker("container").start()
