"""What a benchmark reports: one number with its unit, its peers and its circumstances."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """How to run: with how many seeds, and whether a rough answer in seconds is enough."""

    seeds: int = 3
    quick: bool = False


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
