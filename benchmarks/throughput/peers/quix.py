"""Quix Streams: one stateful update per event, with its changelog; no join."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from quixstreams import Application
from quixstreams.state import State

from benchmarks.throughput.result import Stopwatch

IDLE_S = 10.0


def main(bootstrap_servers: str, events: int, *topics: str) -> None:
    """Count so many events by key."""
    stopwatch = Stopwatch()

    def update(value: Any, state: State[Any, Any]) -> Any:
        state.set("events", state.get("events", 0) + 1)
        stopwatch.count(1)
        return value

    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=bootstrap_servers,
            consumer_group=f"peer-quix-{topics[0]}",
            auto_offset_reset="earliest",
            state_dir=folder,
            loglevel="ERROR",
        )
        for name in topics:
            app.dataframe(app.topic(name, value_deserializer="json")).apply(update, stateful=True)
        app.run(count=events, timeout=IDLE_S)
    stopwatch.report()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
