"""`signalbox worker`."""

from __future__ import annotations

import asyncio

import click

from streams.logs import configure_logs
from streams.settings import load_settings


@click.command()
def command() -> None:
    """Join events, compute rewards, keep the replay buffer, emit triggers.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS. Prints "worker ready" when it has recovered and is at work. Any number
    may run; they share the partitions. Ends cleanly on SIGTERM and Ctrl-C; killing it loses nothing.
    """
    from streams.worker.process import serve

    settings = load_settings()
    configure_logs(settings.log_level)
    asyncio.run(serve(settings))
