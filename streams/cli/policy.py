"""`signalbox policy`: list, show, evaluate, rollback, canary, end, verify."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click
import msgspec
import orjson

from streams.cli.policy_text import lines, table
from streams.settings import load_settings

_tenant = click.option("--tenant", required=True, help="The tenant whose policy it is.")
_scope = click.option("--scope", default="routing", show_default=True, help="What the policy decides.")
_POLICY = "VERSION|DIGEST"
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line and nothing else.")


@click.group()
def command() -> None:
    """What was learned: every answer of the trainers, the policies in force, and the way back.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS.
    """


@command.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--scope", help="Only this scope's.")
@click.option("--all", "every_look", is_flag=True, help="Also the looks at a trial before the last one.")
@_json
def list_answers(tenant: str | None, scope: str | None, every_look: bool, as_json: bool) -> None:
    """Every answer, newest last: promoted, rejected with its numbers, on trial, failed, rolled back.

    * is in force, ~ is on trial or out as a canary. "differed" says on how many decisions champion and
    candidate disagreed, of those since the trial began. JSON has all looks at a trial.
    """
    from streams.trainer.history import read_history, without_old_looks

    settings = load_settings()
    history = asyncio.run(read_history(settings.connection(), settings))
    results = history.of(tenant, scope)
    if as_json:
        for result in results:
            marks = {"in_force": history.is_in_force(result), "on_trial": history.is_on_trial(result)}
            _print_json(msgspec.to_builtins(result) | marks)
    elif results:
        click.echo(table(history, results if every_look else without_old_looks(results)))
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
        click.echo("\n".join(lines(content)))


@command.command()
@click.argument("policy", required=False)
@_tenant
@_scope
@_json
def evaluate(policy: str | None, tenant: str, scope: str, as_json: bool) -> None:
    """What a policy would earn, estimated from the log of whoever decided.

    Read is the share that training never sees, up to the newest answered trigger. With both intervals (95 %):
    the recommended one, and one that holds however often one looks; or why the log is not enough.
    """
    from streams.trainer.evaluate import evaluate_policy

    settings = load_settings()
    content = asyncio.run(evaluate_policy(settings.connection(), settings, tenant, scope, policy))
    if as_json:
        _print_json(content)
    else:
        click.echo("\n".join(lines(content)))


@command.command()
@_tenant
@_scope
@click.option("--to", metavar=_POLICY, help="Default: the one that the present policy was made from.")
@_json
def rollback(tenant: str, scope: str, to: str | None, as_json: bool) -> None:
    """Put an earlier policy back in force; routers swap it in like any other. A trial or canary ends."""
    from streams.trainer.rollback import roll_back

    settings = load_settings()
    result = asyncio.run(roll_back(settings.connection(), settings, tenant, scope, to))
    if as_json:
        _print_json(msgspec.to_builtins(result))
    else:
        click.echo(f"{tenant}/{scope}: rolled back {result.message}, now version {result.version}")


@command.command()
@click.argument("policy", metavar=_POLICY)
@_tenant
@_scope
@click.option(
    "--share",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of decisions, chosen by a hash of their ids, that it takes.",
)
@_json
def canary(policy: str, tenant: str, scope: str, share: float, as_json: bool) -> None:
    """Let an earlier policy, or one that was only on trial, take a share of the decisions.

    It goes on until `signalbox policy end`, or until it earns less than was promised, beyond doubt.
    """
    from streams.trainer.canary import start_canary

    settings = load_settings()
    result = asyncio.run(start_canary(settings.connection(), settings, tenant, scope, policy, share))
    if as_json:
        _print_json(msgspec.to_builtins(result))
    else:
        click.echo(f"{tenant}/{scope}: {result.message}")


@command.command()
@_tenant
@_scope
@_json
def end(tenant: str, scope: str, as_json: bool) -> None:
    """End the trial or the canary; the policy in force decides alone again."""
    from streams.trainer.canary import end_canary

    settings = load_settings()
    result = asyncio.run(end_canary(settings.connection(), settings, tenant, scope))
    if as_json:
        _print_json(msgspec.to_builtins(result))
    else:
        click.echo(f"{tenant}/{scope}: {result.message}")


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


def _print_json(content: dict[str, Any]) -> None:
    click.echo(orjson.dumps(content).decode())
