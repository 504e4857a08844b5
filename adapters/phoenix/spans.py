"""Spans of a Phoenix project, in the order of their time, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from adapters.phoenix.connection import Phoenix

PAGE = 500


class Span(Struct, frozen=True, kw_only=True):
    """A span as Signalbox reads it: times in seconds since 1970, attributes flat, their names with dots."""

    span_id: str
    trace_id: str
    name: str
    start_s: float
    end_s: float
    status: str = "UNSET"
    status_message: str = ""
    parent_id: str | None = None
    attributes: Mapping[str, Any] = {}

    @property
    def latency_s(self) -> float:
        """How long it took."""
        return max(self.end_s - self.start_s, 0.0)


class PhoenixSpans:
    """Reads spans; `page` is how many a request asks for, at most 1000."""

    def __init__(self, phoenix: Phoenix, page: int = PAGE) -> None:
        self._phoenix = phoenix
        self._page = page

    def read(self, project: str, names: Sequence[str], start_s: float, end_s: float) -> Iterator[list[Span]]:
        """Pages of the spans of these names that began in [start, end), the oldest first.

        The order is that of their start, so that what arrives meanwhile shifts no page. A project that doesn't
        exist yet has no spans. Raises `PhoenixUnavailable`.
        """
        cursor: str | None = None
        while True:
            found = self._phoenix.get(
                f"/v1/projects/{quote(project, safe='')}/spans",
                name=list(names),
                start_time=_text(start_s),
                end_time=_text(end_s),
                sort="start_time",
                order="asc",
                limit=self._page,
                **({"cursor": cursor} if cursor else {}),
            )
            if found is None:
                return
            spans = [span_of(each) for each in found["data"]]
            if spans:
                yield spans
            cursor = found.get("next_cursor")
            if cursor is None:
                return


def span_of(content: Mapping[str, Any]) -> Span:
    """The span in an answer of the server."""
    context = content["context"]
    return Span(
        span_id=context["span_id"],
        trace_id=context["trace_id"],
        name=content["name"],
        parent_id=content.get("parent_id"),
        start_s=seconds_of(content["start_time"]),
        end_s=seconds_of(content["end_time"]),
        status=content.get("status_code") or "UNSET",
        status_message=content.get("status_message") or "",
        attributes=_raised(content) | flat(content.get("attributes") or {}),
    )


def _raised(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the last exception in the span's events says of itself."""
    events = content.get("events") or ()
    found = [event.get("attributes") or {} for event in events if event.get("name") == "exception"]
    return {"exception.type": found[-1]["exception.type"]} if found and "exception.type" in found[-1] else {}


def flat(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Attributes by their whole names; Phoenix gives some nested, as it stores them."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        found[f"{prefix}{name}"] = value
    return found


def seconds_of(text: str) -> float:
    """Seconds since 1970 of a moment in an answer."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
