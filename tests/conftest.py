"""What all tests share: one real Kafka node a session; they keep apart by their topics' names.

Golden files lie in tests/data; `pytest --update-golden` writes them anew.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.broker import Broker, choose_broker
from adapters.broker.local_node import missing


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """A running Kafka 4 node, in a container only where there is Docker and no Java."""
    with choose_broker("container" if missing() else "kafka") as broker:
        yield broker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/data anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def golden(update_golden: bool) -> Callable[[str, bytes], None]:
    """Assert that bytes equal those of a file in tests/data; with --update-golden, write them there."""

    def check(name: str, actual: bytes) -> None:
        path = Path(__file__).parent / "data" / name
        if update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual)
        assert path.exists(), f"{path} is missing: run pytest --update-golden"
        assert actual == path.read_bytes(), f"differs from {path}; if on purpose: pytest --update-golden"

    return check
