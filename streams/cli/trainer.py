"""`signalbox trainer`."""

from __future__ import annotations

import asyncio

import click

from streams.logs import configure_logs
from streams.settings import load_settings


@click.command()
def command() -> None:
    """Answer optimization triggers: train, evaluate, gate, publish.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS. Prints "trainer ready" when it is at work. Several may run; a trigger
    is answered once, also when a trainer is killed. Ends cleanly on SIGTERM and Ctrl-C.
    """
    from streams.trainer.process import serve

    settings = load_settings()
    configure_logs(settings.log_level)
    asyncio.run(serve(settings))
