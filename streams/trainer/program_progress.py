"""How far a program's training is: numbers only, for a log that must hold no tenant's data."""

from __future__ import annotations

import logging
import time

from models.programs.result import Progress

log = logging.getLogger(__name__)

TOLD_EVERY_S = 5.0


class ProgressLog:
    """Writes the progress of one training to the log, from time to time; as a text it is the last one."""

    def __init__(self, trigger_id: str) -> None:
        self._trigger_id = trigger_id
        self._last: Progress | None = None
        self._next_s = 0.0

    def tell(self, progress: Progress) -> None:
        """Take in how far it is now."""
        self._last, now_s = progress, time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + TOLD_EVERY_S
            log.info("trigger %s: %s", self._trigger_id, self)

    def __str__(self) -> str:
        if self._last is None:
            return "no calls of the language model yet"
        stage, calls, expected, best = self._last
        score = "" if best is None else f", best score {best:.3f}"
        return f"{stage}, {calls} of about {expected} calls{score}"
