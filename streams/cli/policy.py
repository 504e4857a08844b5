"""`signalbox policy`: list, show, rollback, verify."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click
import msgspec
import orjson

from signalbox.events import TrainingResult
from streams.settings import load_settings

_tenant = click.option("--tenant", required=True, help="The tenant whose policy it is.")
_scope = click.option("--scope", default="routing", show_default=True, help="What the policy decides.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line and nothing else.")


@click.group()
def command() -> None:
    """What was learned: every answer of the trainers, the policies in force, and the way back.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS.
    """


@command.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--scope", help="Only this scope's.")
@_json
def list_answers(tenant: str | None, scope: str | None, as_json: bool) -> None:
    """Every answer, newest last: promoted, rejected with its numbers, failed, rolled back; * is in force."""
    from streams.trainer.history import read_history

    settings = load_settings()
    history = asyncio.run(read_history(settings.connection(), settings))
    results = history.of(tenant, scope)
    if as_json:
        for result in results:
            _print_json(msgspec.to_builtins(result) | {"in_force": history.is_in_force(result)})
    elif results:
        click.echo(_table([_row(result, history.is_in_force(result)) for result in results]))
    else:
        click.echo("no trigger has been answered yet")


@command.command()
@click.argument("policy", required=False)
@_tenant
@_scope
@_json
def show(policy: str | None, tenant: str, scope: str, as_json: bool) -> None:
    """A policy's manifest, estimates and lineage; POLICY is a version or the beginning of a digest."""
    from streams.trainer.history import describe_policy

    settings = load_settings()
    content = asyncio.run(describe_policy(settings.connection(), settings, tenant, scope, policy))
    if as_json:
        _print_json(content)
    else:
        click.echo("\n".join(_lines(content)))


@command.command()
@_tenant
@_scope
@click.option("--to", metavar="VERSION|DIGEST", help="Default: the one that the present policy was made from.")
@_json
def rollback(tenant: str, scope: str, to: str | None, as_json: bool) -> None:
    """Put an earlier policy back in force; routers swap it in like any other."""
    from streams.trainer.rollback import roll_back

    settings = load_settings()
    result = asyncio.run(roll_back(settings.connection(), settings, tenant, scope, to))
    if as_json:
        _print_json(msgspec.to_builtins(result))
    else:
        click.echo(f"{tenant}/{scope}: rolled back {result.message}, now version {result.version}")


@command.command()
@click.argument("trigger", required=False)
@_tenant
@_scope
@_json
def verify(trigger: str | None, tenant: str, scope: str, as_json: bool) -> None:
    """Train again from a recorded trigger and compare; exit code 1 if anything differs.

    TRIGGER is a trigger id; default: the one that gave the newest promoted policy.
    """
    from streams.trainer.verify import verify_answer

    settings = load_settings()
    comparison = asyncio.run(verify_answer(settings.connection(), settings, tenant, scope, trigger))
    published, again = comparison.published, comparison.again.result
    if as_json:
        _print_json(
            {
                "trigger_id": published.trigger_id,
                "same": comparison.is_same,
                "published": {"verdict": published.verdict, "digest": published.digest},
                "again": {"verdict": again.verdict, "digest": comparison.digest},
            }
        )
    else:
        click.echo(f"trigger    {published.trigger_id}")
        click.echo(f"published  {published.verdict:<10} {published.digest or '-'}")
        click.echo(f"again      {again.verdict:<10} {comparison.digest or '-'}")
        click.echo("the same" if comparison.is_same else f"DIFFERENT: {again.message}")
    sys.exit(0 if comparison.is_same else 1)


HEADER = ("", "time (UTC)", "tenant", "scope", "verdict", "version", "policy", "improvement", "needed", "why")


def _row(result: TrainingResult, in_force: bool) -> tuple[str, ...]:
    gain = result.improvement
    return (
        "*" if in_force else "",
        f"{result.occurred_at:%Y-%m-%d %H:%M:%S}",
        result.tenant_key,
        result.scope,
        result.verdict,
        str(result.version or ""),
        (result.digest or "")[:12],
        f"{gain.value:+.3f} [{gain.lower:+.3f}, {gain.upper:+.3f}]" if gain else "",
        "" if result.threshold is None else f"{result.threshold:+.3f}",
        f"{result.reason}: {result.message}",
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = [HEADER, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _lines(content: dict[str, Any], indent: str = "") -> list[str]:
    lines: list[str] = []
    for name, value in content.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {value if isinstance(value, str) else orjson.dumps(value).decode()}")
    return lines


def _print_json(content: dict[str, Any]) -> None:
    click.echo(orjson.dumps(content).decode())
