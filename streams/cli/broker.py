"""`signalbox broker`."""

from __future__ import annotations

import threading
from pathlib import Path

import click
import orjson

from adapters.broker import Broker, choose_broker
from streams.settings import load_settings
from streams.signals import interrupt_on_signals
from streams.topics import topic_names

EPILOG = """\b
Examples:
  signalbox broker                             data in a temporary folder, gone at the end
  signalbox broker --data-folder my-kafka      data that survives
  signalbox broker --json | head -1            the address, for a script
"""


@click.command(epilog=EPILOG)
@click.option(
    "--data-folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the broker's data here; default: a temporary folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print how to reach it as one JSON object.")
def command(data_folder: Path | None, as_json: bool) -> None:
    """Start a local Kafka broker and print how to reach it; it runs until Ctrl-C or SIGTERM.

    Takes the best that this machine can have: a real Kafka node (needs Java), a container (needs Docker), or
    librdkafka's in-process cluster, which is for trying out only. SIGNALBOX_BROKER chooses one.
    """
    settings = load_settings()
    connection = settings.connection() if settings.bootstrap_servers else None
    broker = choose_broker(settings.broker, connection, data_folder=data_folder)
    interrupt_on_signals()
    try:
        with broker:
            broker.ensure_topics(topic_names(settings), settings.partitions)
            _announce(broker, as_json)
            threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("broker: stopped", err=True)


def _announce(broker: Broker, as_json: bool) -> None:
    servers = broker.connection.bootstrap_servers
    if as_json:
        facts = {
            "kind": broker.kind,
            "version": broker.version,
            "bootstrap_servers": servers,
            "durable": broker.durable,
            "declares_topics": broker.declares_topics,
        }
        click.echo(orjson.dumps(facts).decode())
        return
    kept = "its data is kept" if broker.durable else "its data is gone when it stops"
    click.echo(f"broker: {broker.kind} {broker.version} is ready; {kept}. Ctrl-C stops it. In other terminals:")
    click.echo(f"  export SIGNALBOX_BOOTSTRAP_SERVERS={servers}")
    if not broker.declares_topics:
        click.echo(f"  export SIGNALBOX_BROKER={broker.kind}")
