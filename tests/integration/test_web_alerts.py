"""The alerts through Prometheus' own checker: their syntax, and when each fires and when not."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PROMTOOL = Path(".promtool/promtool")


@pytest.fixture(scope="module")
def promtool() -> str:
    """The path of promtool, fetched first where that is needed and possible."""
    found = shutil.which("promtool")
    if found is None and not PROMTOOL.exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            pytest.skip("neither promtool nor apt-get and dpkg-deb, which would fetch it, are here")
        made = subprocess.run(["make", "promtool"], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"promtool could not be fetched: {made.stderr[-300:]}")
    return found or str(PROMTOOL)


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (("check", "rules"), "docs/prometheus/alerts.yml"),
        (("check", "config"), "docs/prometheus/prometheus.yml"),
        (("test", "rules"), "tests/data/alerts.yml"),
    ],
)
def test_prometheus_takes_the_rules_and_they_fire_when_they_must(
    promtool: str, command: tuple[str, ...], file: str
) -> None:
    done = subprocess.run([promtool, *command, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_an_alert_that_stays_silent_is_noticed(promtool: str, tmp_path: Path) -> None:
    """So that a passing test of the rules says something."""
    rules = Path("docs/prometheus/alerts.yml").read_text()
    broken = rules.replace("signalbox_average_reward", "signalbox_avg_reward")
    assert broken != rules
    (tmp_path / "alerts.yml").write_text(broken)
    cases = Path("tests/data/alerts.yml").read_text().replace("../../docs/prometheus/", "")
    (tmp_path / "cases.yml").write_text(cases)
    command = [promtool, "test", "rules", str(tmp_path / "cases.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "SignalboxLowReward" in done.stderr
