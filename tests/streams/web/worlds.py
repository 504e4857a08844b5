"""A source whose answers are set by the test, and a site of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from processors.cycles.records import CYCLES, Cycle
from streams.settings import load_settings
from streams.web import CycleView, ScopeView, TenantView, WebSite

TOTALS: dict[str, float | None] = {
    "spans_evaluated": 1,
    "experiences_created": 2,
    "annotations_requested": 3,
    "annotations_completed": 4,
    "optimizations_triggered": 5,
    "total_improvement": 0.6,
    "started_at": 7.0,
    "last_optimization": 8.0,
    "uptime_seconds": 9.0,
}
REPORTED = {"avg_reward": 0.7, "success_rate": 0.8, "confidence_accuracy": 0.3, "improvement_rate": -0.1}


def scope(**changes: Any) -> ScopeView:
    """A healthy one."""
    known: dict[str, Any] = {
        "name": "routing",
        "optimizer_ready": True,
        "total_experiences": 51,
        "avg_reward": 0.51,
        "last_updated_s": 1e9,
        "reported": REPORTED,
    }
    return ScopeView(**known | changes)


def tenant(tenant_id: str = "acme", *scopes: ScopeView) -> TenantView:
    """One of whom everything is known."""
    cycles = [CycleView(name, runs=3, failures=0, ended_s=1e9) for name in CYCLES]
    return TenantView(tenant_id, TOTALS, cycles, scopes or (scope(),))


@dataclass
class SetSource:
    """What it says is what it was given."""

    why_ill: str | None = None
    why_not_ready: str | None = None
    known: list[TenantView] = field(default_factory=lambda: [tenant()])
    letters: dict[str, int] = field(default_factory=dict)

    def ill(self) -> str | None:
        return self.why_ill

    def not_ready(self) -> str | None:
        return self.why_not_ready

    def tenants(self) -> list[TenantView]:
        return self.known

    def batches(self) -> dict[int, int]:
        return {0: 12, 3: 4}

    def lag(self) -> dict[tuple[str, int], int]:
        return {("routing-decision", 3): 17}

    def dead_letters(self) -> dict[str, int]:
        return self.letters

    def intervals_s(self) -> dict[Cycle, float]:
        return dict.fromkeys(CYCLES, 300.0)


@asynccontextmanager
async def site_of(source: SetSource) -> AsyncIterator[ClientSession]:
    """A client of a site on a free port."""
    site = WebSite(load_settings(web_port=0), source)
    await site.start()
    try:
        async with ClientSession(f"http://127.0.0.1:{site.port}") as client:
            yield client
    finally:
        await site.stop()
