"""The worker's web pages, for container runtimes and Prometheus."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from aiohttp import web

from signalbox.errors import ConfigurationError
from streams.settings import Settings
from streams.web.health import health
from streams.web.metrics import Metrics
from streams.web.source import Source

log = logging.getLogger(__name__)

STOP_LIMIT_S = 1.0
"""An answer under way takes milliseconds."""


class WebSite:
    """Serves `source` at web_host:web_port from `start` to `stop`; without a port it does nothing.

    GET /health: 200 when the worker is at work, else 503. GET /health/live: 503 when it should be started
    anew. GET /metrics: Prometheus' text.
    """

    def __init__(self, settings: Settings, source: Source) -> None:
        self._host, self._wanted = settings.web_host, settings.web_port
        self.port: int | None = None
        """Where it listens."""
        self._source = source
        self._metrics = Metrics(source)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; raises `ConfigurationError` if the place can't be had."""
        if self._wanted is None:
            return
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/metrics", self._page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_LIMIT_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._wanted).start()
        except OSError as error:
            await self.stop()
            place = f"{self._host}:{self._wanted}"
            raise ConfigurationError(f"web_host, web_port: can't listen at {place}: {error}") from error
        host, self.port = self._runner.addresses[0][:2]
        log.info("pages for health and metrics", extra={"host": host, "port": self.port})

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        body = health(self._source)
        return _json(body, 200 if body["ready"] else 503)

    async def _live(self, _: web.Request) -> web.Response:
        reason = self._source.ill()
        return _json({"alive": reason is None, "reason": reason}, 200 if reason is None else 503)

    async def _page(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics.page(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def _json(body: dict[str, Any], status: int) -> web.Response:
    return web.Response(body=orjson.dumps(body) + b"\n", status=status, content_type="application/json")
