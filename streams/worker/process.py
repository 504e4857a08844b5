"""The worker as a process: topics, signals, readiness, and an end within seconds."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from typing import Any

from mode.threads import WorkerThread

from signalbox.errors import SignalboxError, Stop
from streams.orchestrator.service import Orchestration
from streams.settings import Settings
from streams.signals import stop_on_signals
from streams.topics import ensure_topics
from streams.web import WebSite
from streams.web.partition_source import PartitionSource
from streams.worker.app import SESSION_TIMEOUT_S, build_app
from streams.worker.catch_up import CatchUp
from streams.worker.host import PartitionHost
from streams.worker.liveness import Liveness
from streams.worker.output import Output

log = logging.getLogger(__name__)

STOP_LIMIT_S = 15.0


def _say_ready(_: PartitionHost) -> None:
    print("worker ready", flush=True)  # noqa: T201 whoever started us waits for this line


async def serve(
    settings: Settings,
    stopping: asyncio.Event | None = None,
    ready: Callable[[PartitionHost], None] = _say_ready,
) -> None:
    """Run a worker until `stopping` is set, or without one until SIGTERM or SIGINT; raises what made it crash.

    `ready` is called whenever partitions were given out and their state is recovered.
    """
    connection = settings.connection()
    await ensure_topics(connection, settings, declares_topics=settings.broker != "in-process")
    liveness = Liveness(SESSION_TIMEOUT_S)
    output, catch_up = Output(connection, liveness.check), CatchUp(connection, settings)
    await output.start()
    await catch_up.start()
    app, host = build_app(settings, connection, output, catch_up, liveness)
    app.on_rebalance_complete.connect(lambda *_, **__: ready(host), weak=False)
    orchestration = Orchestration(settings, connection, output, host)
    source = PartitionSource(settings, app, host, liveness)
    site = WebSite(settings, source)
    ends = [
        asyncio.create_task((stopping or stop_on_signals()).wait(), name="stop"),
        asyncio.create_task(liveness.beat(), name="beat"),
    ]
    try:
        await site.start()
        await app.start()
        _calm_garbage_collector()
        ends.append(asyncio.create_task(_crash(app), name="crash"))
        ends.append(asyncio.create_task(catch_up.watch(host), name="catch-up"))
        orchestration.start()
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except BaseException as error:
        # What was taken in but not written is nowhere but in memory; leaving at once loses nothing.
        log.exception("worker stopped", exc_info=error if not isinstance(error, SignalboxError) else None)
        raise
    finally:
        source.leave()
        await _leave(app, orchestration, output, catch_up, site)
        for task in ends:
            task.cancel()


def _calm_garbage_collector() -> None:
    """Let it look less often: it walks all that waits, and what waits has no cycles."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _leave(app: Any, *clients: Orchestration | Output | CatchUp | WebSite) -> None:
    # In a task of its own, because Faust's stop may end as cancelled, which would hide why the worker ends.
    leaving = asyncio.create_task(_stop(app, *clients), name="leave")
    await asyncio.wait([leaving], timeout=STOP_LIMIT_S)
    if not leaving.done():
        leaving.cancel()
        log.warning("ended without taking leave of Kafka, which took over %.0f s", STOP_LIMIT_S)
    elif leaving.cancelled() or leaving.exception():
        # Whatever has happened now, the state is on Kafka.
        reason = "cancelled" if leaving.cancelled() else repr(leaving.exception())
        log.warning("ended without taking leave of Kafka: %s", reason)
    # After a crash Faust's stop may return while its threads still end. They report to this loop until then.
    for thread in threading.enumerate():
        if isinstance(thread, WorkerThread):
            await asyncio.to_thread(thread.join, STOP_LIMIT_S / 3)


async def _stop(app: Any, *clients: Orchestration | Output | CatchUp | WebSite) -> None:
    await app.stop()
    for client in clients:
        await client.stop()


async def _crash(app: Any) -> None:
    await app._crashed.wait()
    reason = app._crash_reason
    if isinstance(reason, SignalboxError):
        raise reason
    raise Stop(f"the worker crashed: {reason!r}") from reason
