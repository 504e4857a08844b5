"""Rows of a CSV file with a heading, or of a JSON-lines file, as plain values."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import orjson

from signalbox.errors import ConfigurationError


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Every row by its fields; raises `ConfigurationError` with the number of a row that can't be read."""
    try:
        rows = _from_csv(path) if path.suffix.lower() == ".csv" else _from_json_lines(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: not a CSV file in UTF-8: {error}") from None
    if not rows:
        raise ConfigurationError(f"{path}: there are no rows")
    return rows


def _from_csv(path: Path) -> list[dict[str, Any]]:
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 1):
            if None in row:
                raise ConfigurationError(f"{path}: row {number} has more fields than the heading")
            rows.append({name: value for name, value in row.items() if value is not None})
    return rows


def _from_json_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ConfigurationError(f"{path}: line {number} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise ConfigurationError(f"{path}: line {number} is not an object: {line[:80]!r}")
        rows.append(row)
    return rows
