"""Objects and lists out of flat attributes: Phoenix gives `context.entities.0.text` for what was nested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def below(values: Mapping[str, Any], name: str) -> Any:
    """The object or list whose parts are called `name.…`; None where there are none."""
    start = f"{name}."
    tree: dict[str, Any] = {}
    for key, value in values.items():
        if key.startswith(start) and not (isinstance(value, Mapping) and value):
            _place(tree, key[len(start) :].split("."), value)
    return _with_lists(tree) if tree else None


def _place(tree: Any, steps: list[str], value: Any) -> None:
    """What contradicts an earlier attribute (`a` beside `a.b`) is left out."""
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            return
    tree.setdefault(steps[-1], value)


def _with_lists(tree: Any) -> Any:
    """Where all names are numbers it was a list, in their order."""
    if not isinstance(tree, dict):
        return tree
    found = {name: _with_lists(value) for name, value in tree.items()}
    if found and all(name.isdecimal() and name.isascii() and len(name) < 10 for name in found):
        return [found[name] for name in sorted(found, key=int)]
    return found
