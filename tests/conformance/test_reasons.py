"""The reason codes that the code gives are the declared ones, and each declared one is given somewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from signalbox.events import DeadLetterReason

PLACE_OF_REASON = {"Unusable": 0, "InvalidEvent": 0, "dead_letter": 3}


def reasons_given() -> Iterator[str]:
    for folder in ("signalbox", "processors", "models", "adapters", "streams"):
        for path in Path(folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    place = PLACE_OF_REASON.get(node.func.id, len(node.args))
                    if place < len(node.args) and isinstance(reason := node.args[place], ast.Constant):
                        yield reason.value


def test_the_reasons_given_are_the_reasons_declared() -> None:
    assert set(reasons_given()) == set(get_args(DeadLetterReason))
