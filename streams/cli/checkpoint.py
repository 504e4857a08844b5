"""`signalbox checkpoint`: save, load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from streams.settings import load_settings

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def command() -> None:
    """A scope's state as a JSON file: agents' statistics, trigger, replay buffer, champion, offsets.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS. Workers recover by themselves; a checkpoint is for when their state is
    lost, or to take a tenant back to what was known before. It doesn't hold decisions that still wait for
    their outcome, nor the records themselves: keep the topics.
    """


@command.command()
@_file
@click.option("--tenant", required=True, help="The tenant, or a shard of it, such as big#0.")
@click.option("--scope", default="routing", show_default=True, help="What is trained.")
def save(file: Path, tenant: str, scope: str) -> None:
    """Write the state of a scope to FILE; workers may go on meanwhile."""
    from streams.checkpoint import save_checkpoint

    settings = load_settings()
    saved = asyncio.run(save_checkpoint(settings.connection(), settings, tenant, scope, file))
    rows = sum(len(window.rows) for window in saved.windows)
    champion = f"version {saved.champion.version}" if saved.champion else "the router's baseline"
    click.echo(
        f"{file}: {tenant}/{scope} after batch {saved.batch} of partition {saved.partition}:"
        f" {saved.scope_state.experiences} experiences, {rows} of them buffered, {len(saved.agents)} agents,"
        f" champion: {champion}"
    )


@command.command()
@_file
def load(file: Path) -> None:
    """Make a scope's state what FILE says; stop the workers first, start them again afterwards.

    The topics must be those that the state was made from, or copies of them with the same offsets. Where the
    workers' state is gone, they go on from the checkpoint's offsets and count nothing twice. Where there is
    one, it goes on from its own offsets, and only this scope is replaced. Another champion than the saved one
    is rolled back to it. `signalbox replay --verify` says from then on that state was loaded.
    """
    from streams.checkpoint import load_checkpoint

    settings = load_settings()
    for sentence in asyncio.run(load_checkpoint(settings.connection(), settings, file)):
        click.echo(sentence)
    click.echo(f"{file}: loaded")
