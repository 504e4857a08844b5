"""`signalbox replay`."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from datetime import datetime

import click
import orjson

from streams.settings import load_settings

MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%S%z"])


@click.command()
@click.option("--range", "ranges", multiple=True, help="topic:partition:start-end, end exclusive; repeatable.")
@click.option(
    "--since", type=MOMENT, help="From this moment of the broker's stamps, 2026-01-31T08:00:00+00:00."
)
@click.option("--until", type=MOMENT, help="Up to this moment.")
@click.option("--verify", is_flag=True, help="Compare with what the worker did; exit 1 on any difference.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def command(
    ranges: tuple[str, ...], since: datetime | None, until: datetime | None, verify: bool, as_json: bool
) -> None:
    """Run the processors over recorded events, without a worker.

    \b
    signalbox replay                                       everything that is kept
    signalbox replay --range routing-decision:0:0-1000 --range routing-outcome:0:0-1200
    signalbox replay --since 2026-01-31T08:00:00+00:00
    signalbox replay --verify                              is the live state what the log says?

    Prints the experiences, triggers and buffer digests that the records give. Needs the settings with which
    the worker ran, SIGNALBOX_BOOTSTRAP_SERVERS among them.
    """
    from streams.replay.run import run_replay

    settings = load_settings()
    report = asyncio.run(
        run_replay(
            settings.connection(),
            settings,
            ranges=ranges,
            since=since,
            until=until,
            verify=verify,
            progress=lambda line: click.echo(line, err=True),
        )
    )
    if as_json:
        click.echo(orjson.dumps(dataclasses.asdict(report)))
    else:
        click.echo(f"source records  {report.source_records}")
        click.echo(f"experiences     {report.experiences}")
        click.echo(f"dead letters    {report.dead_letters}")
        click.echo(f"triggers        {len(report.triggers)}")
        for trigger in report.triggers:
            reasons = ", ".join(trigger["reasons"])
            click.echo(f"  {trigger['trigger_id']}  {trigger['tenant_key']}/{trigger['scope']}  {reasons}")
        for tenant_key, digest in report.buffers.items():
            click.echo(f"buffer  {tenant_key}  {digest}")
        for difference in report.differences:
            click.echo(f"DIFFERENT  {difference}")
        if verify and not report.differences:
            click.echo("verified: the log gives exactly what the worker gave")
    sys.exit(1 if report.differences else 0)
