"""What a benchmark reports: one number with its unit, its peers and its circumstances."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """How to run: with how many seeds, whether a rough answer in seconds is enough, and on whose data.

    `train` and `test` are labelled sets in place of a benchmark's own data, `cards` what is known of their
    agents: `none`, `labels` or a file.
    """

    seeds: int = 3
    quick: bool = False
    train: Path | None = None
    test: Path | None = None
    cards: str = "none"


class Measure(Struct, frozen=True, kw_only=True):
    """One measured number; `peers` were measured in the same run, on the same events."""

    id: str
    measure: str
    unit: str
    value: float
    better: Literal["higher", "lower"]
    peers: dict[str, float] = {}
    seeds: int
    detail: dict[str, Any] = {}
