"""What is shipped: a light wheel with the client alone, and a lock file that pins everything by hash."""

import re
import shutil
import subprocess
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from signalbox.version import VERSION

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-phoenix.lock")

# The packages that the project's owner chose; a variant that stands for one has a decision record.
CHOSEN = {
    "aiokafka": "aiokafka",
    "faust-streaming": "faust-streaming",
    "dspy": "dspy",
    "xgboost": "xgboost-cpu",
    "numpy": "numpy",
    "orjson": "orjson",
    "arize-phoenix": "arize-phoenix",
    "pyvespa": "pyvespa",
    "pytest": "pytest",
    "testcontainers": "testcontainers",
}


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found[0].lower()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel, built without isolation from a copy of what it is made of."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(name, folder)
    for name in ("signalbox", "streams"):
        shutil.copytree(name, folder / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = (folder / "dist").glob("*.whl")
    return ZipFile(built)


def test_the_wheel_holds_only_the_client(wheel: ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"signalbox", f"signalbox-{PROJECT['project']['version']}.dist-info"}
    sources = {str(path) for path in Path("signalbox").rglob("*.py")}
    assert sources <= set(wheel.namelist())
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_the_wheel_needs_exactly_five_light_packages(wheel: ZipFile) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    required = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist")
    assert required is not None
    always = {name_of(one) for one in required if "extra ==" not in one}
    assert always == {"aiokafka", "msgspec", "numpy", "orjson", "safetensors"}
    assert {name_of(one) for one in required} - always == {"dspy"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_by_version_and_hash_and_names_no_index(lock: str) -> None:
    text = Path(lock).read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    pinned = [line for line in text.splitlines() if line and line[0].isalnum()]
    assert len(pinned) > 50
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    for block in blocks[1:]:
        assert re.match(r"[a-z0-9._-]+==[^ ]+", block), block.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.splitlines()[0]


def test_every_package_that_the_owner_chose_is_declared() -> None:
    groups = [one for group in PROJECT["dependency-groups"].values() for one in group]
    declared = {name_of(one) for one in groups + PROJECT["project"]["dependencies"]}
    assert set(CHOSEN.values()) <= declared
    records = " ".join(path.read_text() for path in Path("docs/decisions").glob("*.md"))
    for chosen, used in CHOSEN.items():
        assert chosen == used or f"`{used}`" in records


def test_what_is_declared_is_locked() -> None:
    locked = {name_of(line) for lock in LOCKS for line in Path(lock).read_text().splitlines() if "==" in line}
    groups = [one for group in PROJECT["dependency-groups"].values() for one in group]
    groups += [one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra]
    assert {name_of(one) for one in groups + PROJECT["project"]["dependencies"]} <= locked


def test_the_licence_is_apache_and_the_changelog_knows_the_version() -> None:
    licence = Path("LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert f"## [{PROJECT['project']['version']}]" in Path("CHANGELOG.md").read_text()


def test_the_code_names_the_version_of_the_distribution() -> None:
    assert PROJECT["project"]["version"] == VERSION
