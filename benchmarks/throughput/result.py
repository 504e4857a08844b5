"""What every contestant measures of itself."""

from __future__ import annotations

import time

import msgspec


class Result(msgspec.Struct, frozen=True):
    """Events between the first and the last that were done, in wall and in processor seconds."""

    events: int
    seconds: float
    cpu_s: float

    @property
    def events_per_s(self) -> float:
        """The rate."""
        return self.events / self.seconds

    @property
    def cpu_us_per_event(self) -> float:
        """Processor microseconds that an event costs."""
        return self.cpu_s / self.events * 1e6


class Stopwatch:
    """Counts events from the first call of `count` on, whose own are not counted: they are the start."""

    def __init__(self) -> None:
        self.events = -1
        self._began = self._ended = (0.0, 0.0)

    def count(self, events: int) -> None:
        """Note that so many more events are done."""
        self._ended = time.perf_counter(), time.process_time()
        if self.events < 0:
            self.events = 0
            self._began = self._ended
        else:
            self.events += events

    @property
    def running_s(self) -> float:
        """Wall seconds since the first call of `count`, 0 before it."""
        return time.perf_counter() - self._began[0] if self.events >= 0 else 0.0

    def result(self) -> Result:
        """What was measured so far."""
        return Result(self.events, self._ended[0] - self._began[0], self._ended[1] - self._began[1])

    def report(self) -> None:
        """Print the result as one line of JSON."""
        print(msgspec.json.encode(self.result()).decode(), flush=True)  # noqa: T201 our parent reads it
