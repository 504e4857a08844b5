"""Dockerfile and docker-compose.yml: images pinned, every setting and command known."""

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml

from adapters.broker.jars import kafka_version
from signalbox.version import VERSION
from streams.cli import COMMANDS
from streams.settings import Settings, load_settings

COMPOSE: dict[str, Any] = yaml.safe_load(Path("docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = Path("Dockerfile").read_text()
PINNED = re.compile(r"[a-z0-9./-]+:(version-|v)?\d+\.\d+\.\d+[a-z0-9.-]*(@sha256:[0-9a-f]{64})?")


def instructions(word: str) -> list[str]:
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    return [line.partition(" ")[2].strip() for line in lines if line.startswith(word + " ")]


def settings_of(variables: dict[str, str]) -> set[str]:
    return {name.removeprefix("SIGNALBOX_").lower() for name in variables if name.startswith("SIGNALBOX_")}


def test_the_services_of_the_design_are_there() -> None:
    assert set(SERVICES) == {"kafka", "phoenix", "vespa", "worker", "trainer"}
    assert set(OURS) == {"worker", "trainer"}


def test_every_image_is_pinned_to_an_exact_version() -> None:
    bases = [image.partition(" ")[0] for image in instructions("FROM")]
    for image in [*bases, *(service["image"] for service in SERVICES.values())]:
        assert PINNED.fullmatch(image), image
    assert len(set(bases)) == 1
    assert bases[0].startswith("python:3.11.")


def test_the_images_are_the_versions_that_the_project_is_tested_with() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version()}"
    locked = re.search(r"^arize-phoenix==(\S+)", Path("requirements-phoenix.lock").read_text(), re.MULTILINE)
    assert locked
    assert {service["image"] for service in OURS.values()} == {f"signalbox:{VERSION}"}
    assert SERVICES["phoenix"]["image"] == f"arizephoenix/phoenix:version-{locked[1]}"


def test_every_setting_is_known_and_its_value_accepted(monkeypatch: Any) -> None:
    image = dict(re.findall(r"(SIGNALBOX_\w+)=(\S+)", " ".join(instructions("ENV"))))
    assert settings_of(image)
    for service in OURS.values():
        given = {**image, **service["environment"]}
        assert settings_of(given) <= set(Settings.model_fields)
        for name in [name for name in os.environ if name.startswith("SIGNALBOX_")]:
            monkeypatch.delenv(name)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()
        assert settings.bootstrap_servers == "kafka:19092"
        assert settings.artifact_url == "file:///artifacts"


def test_every_command_is_one_of_the_command_line() -> None:
    for service in OURS.values():
        assert service["command"][0] in COMMANDS
    program, command, *_ = OURS["trainer"]["healthcheck"]["test"][1:]
    assert program == "/signalbox/bin/signalbox"
    assert command in COMMANDS


def test_the_workers_health_is_asked_for_where_it_is_served() -> None:
    worker = OURS["worker"]
    port = worker["environment"]["SIGNALBOX_WEB_PORT"]
    assert worker["environment"]["SIGNALBOX_WEB_HOST"] == "0.0.0.0"
    assert worker["ports"] == [f"127.0.0.1:{port}:{port}"]
    _, python, option, code = worker["healthcheck"]["test"]
    assert (python, option) == ("/signalbox/.venv/bin/python", "-c")
    assert f"http://127.0.0.1:{port}/health'" in code
    compile(code, "healthcheck", "exec")
    scraped = yaml.safe_load(Path("docs/prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert scraped[0]["static_configs"][0]["targets"] == [f"worker:{port}"]


def test_prometheus_is_pinned_and_given_files_that_are_there() -> None:
    prometheus = yaml.safe_load(Path("docs/prometheus/compose.yml").read_text())["services"]["prometheus"]
    assert PINNED.fullmatch(prometheus["image"])
    folder = Path(prometheus["volumes"][0].partition(":")[0])
    assert {"prometheus.yml", "alerts.yml"} <= {path.name for path in folder.iterdir()}
    assert set(prometheus["depends_on"]) <= set(SERVICES)


def test_every_service_has_a_health_check_and_ours_wait_for_kafka() -> None:
    assert all("healthcheck" in service for service in SERVICES.values())
    for service in OURS.values():
        assert service["depends_on"]["kafka"] == {"condition": "service_healthy"}


def test_every_volume_is_declared_and_every_port_is_on_loopback() -> None:
    for service in SERVICES.values():
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_kafka_is_reached_where_it_listens() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert "INSIDE://kafka:19092" in kafka["KAFKA_ADVERTISED_LISTENERS"]
    assert kafka["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_image_installs_by_hash_and_runs_the_command_line_without_root() -> None:
    (install,) = [line for line in instructions("RUN") if "pip" in line]
    assert install.count("--require-hashes") == install.count("pip install") + install.count("pip sync") == 2
    assert instructions("USER") == ["signalbox"]
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["/signalbox/bin/signalbox"]
    assert os.access("bin/signalbox", os.X_OK)


def test_what_is_copied_into_the_image_is_let_through_by_the_ignore_file() -> None:
    let_through = {line[1:] for line in Path(".dockerignore").read_text().splitlines() if line.startswith("!")}
    folders = {"bin", "streams", "processors", "models", "adapters", "signalbox"}
    assert folders | {"requirements.lock"} <= let_through
    assert all(Path(name).exists() for name in let_through)
