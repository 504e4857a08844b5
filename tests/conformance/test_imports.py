"""The import rule, light imports, and the one reader of the environment."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HEAVY = ("dspy", "xgboost", "phoenix", "vespa", "testcontainers")
CLIENT_MAY_IMPORT = {"aiokafka", "msgspec", "numpy", "orjson", "safetensors", "signalbox"}
DSPY_ALLOWED = ("signalbox/program/", "signalbox/program_", "signalbox/recommend")
LOAD_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[2:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
print(*(name for name in sys.argv[1].split(",") if name in sys.modules))
"""


def loaded_by(packages: tuple[str, ...], looked_for: tuple[str, ...]) -> list[str]:
    """Which of the modules `looked_for` are loaded once every module of the packages is."""
    command = [sys.executable, "-c", LOAD_ALL, ",".join(looked_for), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("package", ["signalbox", "processors", "models", "adapters"])
def test_what_lies_below_streams_loads_neither_faust_nor_anything_heavy(package: str) -> None:
    assert loaded_by((package,), ("faust", *HEAVY)) == []


def test_the_service_itself_loads_nothing_heavy_before_it_is_needed() -> None:
    assert loaded_by(("streams",), HEAVY) == []


def test_the_check_above_would_notice_a_heavy_import() -> None:
    assert loaded_by(("streams",), ("click", "xgboost")) == ["click"]


def test_help_loads_neither_numpy_nor_faust() -> None:
    show = "import sys, streams.cli as c; c.main.main(['--help'], standalone_mode=False); " + (
        "print('loaded', *(n for n in ('numpy', 'faust', 'aiokafka') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded"


def test_the_client_package_imports_only_its_five_dependencies_and_for_programs_dspy() -> None:
    allowed = CLIENT_MAY_IMPORT | sys.stdlib_module_names
    foreign = {(str(path), name) for path, tree in sources("signalbox") for name in imported_names(tree)}
    others = {(path, name) for path, name in foreign if name not in allowed}
    assert {name for _, name in others} == {"dspy"}  # the extra `program`
    assert not [path for path, _ in others if not path.startswith(DSPY_ALLOWED)]


def test_only_streams_imports_faust_by_name() -> None:
    below = sources("signalbox", "models", "adapters", "processors", "schemas")
    assert [str(path) for path, tree in below if {"faust", "mode"} & set(imported_names(tree))] == []


def reads_environment(tree: ast.Module) -> bool:
    readers = {"environ", "environb", "getenv", "getenvb"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in readers:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return bool(readers & {alias.name for alias in node.names})
    return False


def test_only_the_settings_read_the_environment() -> None:
    everything = sources("signalbox", "models", "adapters", "processors", "streams", "schemas")
    assert [str(path) for path, tree in everything if reads_environment(tree)] == ["streams/settings.py"]


def test_processors_know_no_clock_no_chance_and_no_files() -> None:
    impure = {"time", "random", "asyncio", "socket", "os", "pathlib", "subprocess", "threading"}
    found = {(str(path), name) for path, tree in sources("processors") for name in imported_names(tree)}
    assert {(path, name) for path, name in found if name in impure} == set()
