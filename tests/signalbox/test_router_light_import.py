"""Installing and importing the client must not drag the service's dependencies into a router."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import signalbox

HEAVY = ("faust", "mode", "dspy", "xgboost", "phoenix", "vespa", "pydantic", "click", "rich", "fsspec")
ALLOWED = {"aiokafka", "msgspec", "numpy", "orjson", "safetensors"}
ROOT = Path(__file__).parents[2]


def modules_after(code: str) -> set[str]:
    program = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in ran.stdout.split()}


@pytest.mark.parametrize(
    "code", ["import signalbox", "from signalbox import Router, Publisher, PolicySubscriber"]
)
def test_nothing_heavy_is_imported(code: str) -> None:
    assert modules_after(code).isdisjoint(HEAVY)


def test_importing_signalbox_alone_imports_no_library_at_all() -> None:
    assert modules_after("import signalbox") - set(sys.stdlib_module_names) == {"signalbox"}


def test_everything_that_is_exported_exists() -> None:
    for name in signalbox.__all__:
        assert getattr(signalbox, name).__name__ == name
    assert set(signalbox.__all__) <= set(dir(signalbox))
    with pytest.raises(AttributeError, match="Rooter"):
        signalbox.Rooter  # noqa: B018


def test_the_distribution_needs_five_light_libraries() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {need.partition(">")[0] for need in project["dependencies"]} == ALLOWED
