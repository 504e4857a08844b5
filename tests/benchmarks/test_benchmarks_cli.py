"""What `python -m benchmarks` prints is the contract with whoever reads it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as cli
from benchmarks import registry, report
from benchmarks.measure import Measure, Options
from benchmarks.registry import BENCHMARKS, Benchmark, load

ROOT = Path(__file__).parents[2]
KEYS = {"id", "measure", "unit", "value", "better", "peers", "seeds", "detail"}


def run(options: Options) -> Iterator[Measure]:
    for agents in (10, 100):
        yield Measure(
            id="fake",
            measure="p50_us",
            unit="us",
            value=agents * (1.5 if options.quick else 2),
            better="lower",
            peers={"uniform": 1.0},
            seeds=options.seeds,
            detail={"agents": agents},
        )


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setitem(BENCHMARKS, "fake", Benchmark("fake_benchmark", "a fake"))
    monkeypatch.setitem(sys.modules, "fake_benchmark", sys.modules[__name__])
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    return tmp_path


def test_with_json_there_is_one_object_a_line_and_nothing_else(fake: Path) -> None:
    ran = CliRunner().invoke(cli.main, ["run", "fake", "--json", "--seeds", "4", "--quick"])
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.exit_code == 0
    assert [set(line) for line in lines] == [KEYS, KEYS]
    assert [(line["value"], line["seeds"], line["detail"]["agents"]) for line in lines] == [
        (15, 4, 10),
        (150, 4, 100),
    ]
    assert not list(fake.iterdir())


def test_without_it_there_is_a_table_with_the_peers(fake: Path) -> None:
    ran = CliRunner().invoke(cli.main, ["run", "fake"])
    header, first, second = ran.stdout.splitlines()
    assert header.split() == ["benchmark", "measure", "value", "unit", "better", "peers", "detail"]
    assert first.split() == ["fake", "p50_us", "20", "us", "lower", "uniform", "1", "agents", "10"]
    assert second.index("uniform") == first.index("uniform")


def test_write_stores_the_same_objects(fake: Path) -> None:
    ran = CliRunner().invoke(cli.main, ["run", "fake", "--json", "--write"])
    stored = json.loads((fake / "fake.json").read_text())
    assert stored == [json.loads(line) for line in ran.stdout.splitlines()]


def test_all_runs_every_benchmark(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in BENCHMARKS if name != "fake"]:
        monkeypatch.delitem(BENCHMARKS, name)
    ran = CliRunner().invoke(cli.main, ["run", "--all", "--json"])
    assert len(ran.stdout.splitlines()) == 2


@pytest.mark.parametrize("arguments", [["run"], ["run", "no-such"], ["run", "decide-latency", "--seeds", "0"]])
def test_a_wrong_command_says_what_is_wrong(arguments: list[str]) -> None:
    ran = CliRunner().invoke(cli.main, arguments)
    assert ran.exit_code == 2
    assert "Error" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("benchmark_id", sorted(registry.BENCHMARKS))
def test_every_registered_benchmark_can_be_loaded(benchmark_id: str) -> None:
    assert callable(load(benchmark_id))


def test_listing_imports_no_benchmark() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from benchmarks.__main__ import main;"
        "print(CliRunner().invoke(main, ['list']).output);"
        "assert not {'numpy', 'aiokafka', 'benchmarks.decide_latency'} & set(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(BENCHMARKS) <= {line.split(" ")[0] for line in ran.stdout.splitlines()}


@pytest.mark.integration
def test_decide_latency_measures_what_the_design_names() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "run", "decide-latency", "--quick", "--json", "--seeds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(line["measure"], line["detail"]["agents"]) for line in found] == [
        (measure, agents) for agents in (10, 100) for measure in ("p50_us", "p99_us", "policy_bytes")
    ]
    assert all(line["value"] > 0 for line in found)
    assert all(line["peers"]["uniform_choice"] > 0 for line in found if line["unit"] == "us")
