"""The queue without keys: a table for people, an object for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from processors.annotation.priority import RANK
from processors.annotation.queue import Waiting
from streams.annotating.screen import STYLES
from streams.annotating.wording import due_text, is_overdue, plain


def counts(waiting: Sequence[Waiting], now_s: float) -> dict[str, Any]:
    """How many requests are open and overdue, by priority and in all."""
    of = {name: [each.request for each in waiting if each.request.priority == name] for name in RANK}
    by_priority = {
        name: {"open": len(found), "overdue": sum(is_overdue(each, now_s) for each in found)}
        for name, found in of.items()
    }
    return {
        "open": len(waiting),
        "overdue": sum(each["overdue"] for each in by_priority.values()),
        "by_priority": by_priority,
    }


def as_object(waiting: Sequence[Waiting], now_s: float, limit: int | None = None) -> dict[str, Any]:
    """The counts of all, and the first `limit` requests with their labels."""
    requests = [
        msgspec.to_builtins(each.request)
        | {"overdue": is_overdue(each.request, now_s), "labels": msgspec.to_builtins(each.labels)}
        for each in waiting[:limit]
    ]
    return counts(waiting, now_s) | {"requests": requests}


def headline(waiting: Sequence[Waiting], now_s: float) -> str:
    """The counts in a line."""
    found = counts(waiting, now_s)
    parts = [
        f"{each['open']:,} {name}" + (f" ({each['overdue']:,} overdue)" if each["overdue"] else "")
        for name, each in found["by_priority"].items()
    ]
    return f"{found['open']:,} open: " + ", ".join(parts)


def table(waiting: Sequence[Waiting], now_s: float, limit: int | None = None) -> Table:
    """The first `limit` requests, one a line."""
    found = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for name in ("priority", "deadline", "tenant", "decision"):
        found.add_column(name, no_wrap=True)
    found.add_column("query", no_wrap=True, overflow="ellipsis", ratio=1, min_width=20)
    found.add_column("chosen", no_wrap=True)
    for name in ("confidence", "reward", "labels"):
        found.add_column(name, justify="right", no_wrap=True)
    for each in waiting[:limit]:
        request = each.request
        found.add_row(
            Text(request.priority, STYLES[request.priority]),
            Text(due_text(request, now_s), "bold red" if is_overdue(request, now_s) else ""),
            request.tenant_id,
            Text(plain(request.decision_id)),
            Text(plain(request.query)),
            Text(plain(request.chosen_agent)),
            _number(request.confidence),
            _number(request.reward),
            str(len(each.labels)),
        )
    return found


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
