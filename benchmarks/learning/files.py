"""Records from CSV files and JSON lines, each with the file and line that an error names."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from signalbox.errors import ConfigurationError


def records(path: Path, *names: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each record with its file and line; a CSV file without a line of these `names` has just them, in order.

    Raises `ConfigurationError` where something isn't as it should be.
    """
    try:
        if path.suffix.lower() == ".csv":
            yield from _from_csv(path, names)
        else:
            yield from _from_json_lines(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: can't be read: {error}") from None


def text_in(place: str, content: Mapping[str, Any], name: str) -> str:
    """The field as a text that isn't blank."""
    value = content.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{place}: {name} is {value!r}, not a text")
    return value.strip()


def reward_in(place: str, name: str, value: object) -> float:
    """The field as a number in [0, 1]."""
    try:
        reward = float(value)  # type: ignore[arg-type]  # whatever it is, the error names it
    except (TypeError, ValueError):
        reward = float("nan")
    if isinstance(value, bool) or not 0.0 <= reward <= 1.0:
        raise ConfigurationError(f"{place}: reward {name!r} is {value!r}, not a number from 0 to 1")
    return reward


def _from_csv(path: Path, names: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header: tuple[str, ...] | None = None
        for cells in filter(None, reader):
            place = f"{path} line {reader.line_num}"
            if header is None and set(names) <= set(cells):
                header = tuple(cells)
                if len(set(header)) < len(header):
                    raise ConfigurationError(f"{place}: a column is named twice: {', '.join(header)}")
                continue
            header = header or names
            if len(cells) != len(header):
                columns = ", ".join(header)
                raise ConfigurationError(f"{place}: {len(cells)} fields instead of {len(header)} ({columns})")
            yield place, dict(zip(header, cells, strict=True))


def _from_json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if line.strip():
            place = f"{path} line {number}"
            try:
                content = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ConfigurationError(f"{place}: not JSON: {error}") from None
            if not isinstance(content, dict):
                raise ConfigurationError(f"{place}: not a JSON object: {line.strip()[:80]}")
            yield place, content
