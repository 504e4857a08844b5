"""`signalbox annotate`."""

from __future__ import annotations

import asyncio
import getpass
import logging
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console

from signalbox.errors import ConfigurationError
from signalbox.events.annotation import Priority
from streams.settings import load_settings
from streams.signals import stop_on_signals

if TYPE_CHECKING:
    from streams.annotating.backlog import Wanted
    from streams.settings import Settings

PIPED_COLUMNS = 160

EPILOG = """\b
Examples:
  signalbox annotate                           the most urgent request first, a key each
  signalbox annotate --tenant acme --limit 20  twenty of one tenant's
  signalbox annotate --list                    what is open, and what is overdue
  printf 'c\\nw 2\\ns\\n' | signalbox annotate   a line a key, for scripts
"""


@click.command(epilog=EPILOG)
@click.option("--tenant", metavar="T", help="Only this tenant's requests; default: all.")
@click.option("--as", "name", metavar="NAME", help="Who labels; default: your login name.")
@click.option("--priority", type=click.Choice(["high", "medium", "low"]), help="Only these.")
@click.option("--unlabelled", is_flag=True, help="Only decisions that no model has labelled either.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many requests.")
@click.option("--list", "as_list", is_flag=True, help="Show what is open and end.")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object, queries whole.")
@click.option(
    "--approve",
    nargs=2,
    metavar="DECISION_ID ANNOTATOR",
    help="Approve this annotator's label on this decision and end.",
)
def command(
    tenant: str | None,
    name: str | None,
    priority: Priority | None,
    unlabelled: bool,
    limit: int | None,
    as_list: bool,
    as_json: bool,
    approve: tuple[str, str] | None,
) -> None:
    """Label decisions that the service asks about: by priority, then deadline; ? shows what the keys mean.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS. A label is published as the press of a key, and said to be so when Kafka
    has acknowledged it. What only a language model labelled stays open until a person has. Ctrl-C ends it
    like q.
    """
    if approve and (as_list or as_json):
        raise click.UsageError("--approve changes something, --list and --json only look")
    from streams.annotating.backlog import Wanted

    settings = load_settings()
    wanted = Wanted(priority, unlabelled)
    if as_list or as_json:
        asyncio.run(_show(settings, tenant, wanted, limit, as_json))
    elif approve:
        asyncio.run(_approve(settings, tenant, name or _login_name(), *approve))
    else:
        asyncio.run(_label(settings, tenant, name or _login_name(), wanted, limit))


async def _show(
    settings: Settings, tenant: str | None, wanted: Wanted, limit: int | None, as_json: bool
) -> None:
    from streams.annotating.label_topics import open_label_topics
    from streams.annotating.queue_text import as_object, headline, table

    async with open_label_topics(settings.connection(), settings, tenant) as topics:
        backlog = await topics.refresh()
    now_s = time.time()
    waiting = wanted.open_of(backlog.waiting(now_s))
    if as_json:
        click.echo(orjson.dumps(as_object(waiting, now_s, limit)).decode())
        return
    console = _console()
    console.print(headline(waiting, now_s), highlight=False)
    if waiting:
        console.print(table(waiting, now_s, limit))


async def _approve(settings: Settings, tenant: str | None, name: str, decision_id: str, annotator: str) -> None:
    from streams.annotating.label_topics import open_label_topics
    from streams.annotating.labels import approval_of
    from streams.annotating.wording import label_text

    async with open_label_topics(settings.connection(), settings, tenant) as topics:
        backlog = await topics.refresh()
        backlog.check_name(name)
        labels = {each.annotator: each for each in backlog.labels_on(decision_id) if each.kind != "human"}
        if annotator not in labels:
            there = ", ".join(labels) or "no model's"
            raise ConfigurationError(
                f"decision {decision_id!r} has no label by {annotator!r}; there is {there}"
            )
        approval = approval_of(labels[annotator], name, datetime.now(UTC))
        await topics.publish(approval)
    click.echo(f"{label_text(approval)}; published")


async def _label(settings: Settings, tenant: str | None, name: str, wanted: Wanted, limit: int | None) -> None:
    from streams.annotating.conversation import Conversation
    from streams.annotating.keys import open_keys
    from streams.annotating.label_topics import open_label_topics
    from streams.annotating.session import Session

    # What the client logs every 100 ms while Kafka is away would hide the request; a failure is said in a line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    stopping = stop_on_signals()
    with open_keys(sys.stdin.fileno()) as keys:
        async with open_label_topics(settings.connection(), settings, tenant) as topics:
            session = Session(topics, Conversation(keys, _console()), name, wanted, lambda: datetime.now(UTC))
            try:
                await _until(stopping, session.run(limit))
            finally:
                # What the terminal shows of Ctrl-C stands at the beginning of the line.
                click.echo(("\n" if stopping.is_set() else "") + f" {session.summary()}")


async def _until(stopping: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, or what there is time for; raises what it raises."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    for each in (task, stop):
        each.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _console() -> Console:
    return Console(highlight=False) if sys.stdout.isatty() else Console(width=PIPED_COLUMNS, highlight=False)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, a user's number may have no name
        raise ConfigurationError("--as: your login has no name, so give one") from None
