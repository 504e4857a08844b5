"""A server that answers as Phoenix does, as far as spans are read, and can be made to hang."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import orjson


class StandIn(ThreadingHTTPServer):
    """Has `spans` in every project; while `gate` isn't set a reader of them waits, which `asked` tells."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[dict[str, Any]] = []
        self.gate, self.asked = Event(), Event()
        self.gate.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A server that ends with the block."""
    server = StandIn()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        server.server_close()


def routing_span(number: int, began_s: float) -> dict[str, Any]:
    """A span of a decision that went well, as the server gives it."""
    return {
        "name": "signalbox.routing",
        "context": {"span_id": f"{number:016x}", "trace_id": f"{number:032x}"},
        "start_time": datetime.fromtimestamp(began_s, UTC).isoformat(),
        "end_time": datetime.fromtimestamp(began_s + 0.5, UTC).isoformat(),
        "status_code": "OK",
        "attributes": {
            "routing.query": f"question {number}",
            "routing.chosen_agent": "search",
            "routing.confidence": 0.9,
            "outcome.search_quality": 0.8,
        },
    }


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        found: dict[str, Any] | None = None
        if path == "/v1/projects":
            found = {"data": [], "next_cursor": None}
        elif path.endswith("/spans"):
            self.server.asked.set()
            self.server.gate.wait()
            found = {"data": self.server.spans, "next_cursor": None}
        elif path == "/readyz":
            found = {}
        try:
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(orjson.dumps(found))
        except OSError:
            pass  # who asked was killed

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
