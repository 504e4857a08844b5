"""Whether a cluster really answers: a metadata request, over the protocol code that our clients use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.protocol.metadata import MetadataRequest

from signalbox.connection import Connection
from signalbox.errors import Retry

ATTEMPT_LIMIT_S = 5.0
_FETCH = 1


def ask_version(connection: Connection, timeout_s: float) -> str:
    """The Kafka version, as far as a cluster gives it away, from one that has a broker to offer.

    Kafka doesn't say its version; which requests it still understands tells 4 from what came before.
    Raises `Retry` when there is no answer within `timeout_s` seconds.
    """
    # In a thread of its own, so that it may be called with or without a running event loop.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _ask(connection, timeout_s)).result()


def wait_for_version(connection: Connection, limit_s: float, check: Callable[[], None] = lambda: None) -> str:
    """Ask until there is an answer; `check` is called in between and raises when none can come any more.

    Raises `Retry` after `limit_s` seconds.
    """
    deadline = time.monotonic() + limit_s
    while True:
        check()
        try:
            return ask_version(connection, ATTEMPT_LIMIT_S)
        except Retry:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


async def _ask(connection: Connection, timeout_s: float) -> str:
    """The first answer from one of the addresses, else the reason of the last that gave none."""
    options = connection.client_options()
    failure = ""
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers"), randomize=False):
        try:
            async with asyncio.timeout(timeout_s):
                return await _ask_one(host, port, options)
        except TimeoutError:
            failure = f"no answer within {timeout_s:g} s"
        except (KafkaError, OSError) as error:
            failure = str(error)
    raise Retry(f"{connection.bootstrap_servers} does not answer: {failure}")


async def _ask_one(host: str, port: int, options: dict[str, Any]) -> str:
    channel = await create_conn(host, port, **options)
    try:
        cluster = await channel.send(MetadataRequest([]))
        if not cluster.brokers:
            raise KafkaError("it knows of no broker yet")
        supported = await channel.send(ApiVersionRequest())
    finally:
        channel.close()
    oldest_fetch = {key: oldest for key, oldest, _ in supported.api_versions}.get(_FETCH, 0)
    return "4 or newer" if oldest_fetch >= 4 else "before 4"
