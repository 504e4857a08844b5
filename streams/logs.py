"""Structured logs: one JSON object a line on standard error, or plain text for a person at a terminal."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A log record with its extra fields as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        content.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            content["error"] = self.formatException(record.exc_info)
        return orjson.dumps(content, default=str).decode()


def configure_logs(level: str) -> None:
    """Send logs at or above `level` to standard error; the clients' chatter only from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    if not sys.stderr.isatty():
        handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("aiokafka", "faust", "mode", "kafka", "streams.worker.transport"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
