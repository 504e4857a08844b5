"""`signalbox status`."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any, Literal

import click
import orjson

from signalbox.events import epoch_s
from streams.settings import load_settings
from streams.status.groups import UNKNOWN, Group

if TYPE_CHECKING:
    from streams.status import Status

Role = Literal["worker", "trainer"]
RESULTS_SHOWN = 5


@click.command()
@click.option(
    "--role",
    type=click.Choice(["worker", "trainer"]),
    help="Judge only this role; with SIGNALBOX_INSTANCE_ID, only the process of that name. For health checks.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object and nothing else.")
def command(role: Role | None, as_json: bool) -> None:
    """What is running, how far behind it is, which policies are in force.

    Needs SIGNALBOX_BOOTSTRAP_SERVERS. Lag is the number of records that are not committed yet; workers commit
    once a second. Exit code 0 if workers and trainers are alive, 1 if one of them or the broker is not. A
    process that was killed is taken for alive for up to 10 s.
    """
    from streams.status import read_status

    settings = load_settings()
    status = asyncio.run(read_status(settings.connection(), settings))
    missing = missing_roles(status, role, settings.instance_id)
    now_s = time.time()
    if as_json:
        click.echo(orjson.dumps(as_object(status, missing, now_s)).decode())
    else:
        click.echo("\n".join(as_lines(status, missing, now_s)))
    sys.exit(1 if missing else 0)


def missing_roles(status: Status, role: Role | None = None, instance: str | None = None) -> list[str]:
    """Who should be alive and isn't: of broker, worker and trainer, or of broker and `role`."""
    if status.broker_error:
        return ["broker"]
    found = {
        "worker": status.workers is not None and status.workers.has(instance if role else None),
        "trainer": status.trainers is not None
        # The names of static members are unique in a group only, but the trainer's says what it is.
        and status.trainers.has(f"trainer-{instance}" if role and instance else None),
    }
    return [name for name, is_alive in found.items() if not is_alive and role in (None, name)]


def as_object(status: Status, missing: list[str], now_s: float) -> dict[str, Any]:
    """For machines; ages are in seconds."""
    return {
        "ok": not missing,
        "missing": missing,
        "broker": {
            "bootstrap_servers": status.bootstrap_servers,
            "reachable": status.broker_error is None,
            "error": status.broker_error,
        },
        "workers": len(status.workers.members) if status.workers else 0,
        "trainers": len(status.trainers.members) if status.trainers else 0,
        "lag": status.lag,
        "dead_letters": status.dead_letters,
        "outstanding_triggers": [
            {"tenant_key": t.tenant_key, "scope": t.scope, "trigger_id": t.trigger_id, "reasons": t.reasons}
            for t in status.outstanding
        ],
        "champions": [
            {
                "tenant_id": c.tenant_id,
                "scope": c.scope,
                "version": c.version,
                "digest": c.digest,
                "age_s": round(now_s - epoch_s(c.occurred_at), 1),
            }
            for c in status.champions
        ],
        "canaries": [
            {
                "tenant_id": c.tenant_id,
                "scope": c.scope,
                "reason": c.reason,
                "share": c.share,
                "digest": c.digest,
                "age_s": round(now_s - epoch_s(c.occurred_at), 1),
            }
            for c in status.canaries
        ],
        "results": [
            {
                "tenant_key": r.tenant_key,
                "scope": r.scope,
                "verdict": r.verdict,
                "reason": r.reason,
                "message": r.message,
                "age_s": round(now_s - epoch_s(r.occurred_at), 1),
            }
            for r in status.results[-RESULTS_SHOWN:]
        ],
    }


def as_lines(status: Status, missing: list[str], now_s: float) -> list[str]:
    """For people."""
    if status.broker_error:
        return [f"broker        {status.bootstrap_servers}: not reachable: {status.broker_error}"]
    found = as_object(status, missing, now_s)
    lines = [
        f"broker        {status.bootstrap_servers}",
        f"workers       {_members(status.workers)}",
        f"trainers      {_members(status.trainers)}",
        "lag           " + (", ".join(f"{name} {n}" for name, n in status.lag.items()) or "no topics yet"),
        f"dead letters  {status.dead_letters}",
    ]
    lines += [
        f"champion      {c['tenant_id']}/{c['scope']}: version {c['version']}, {c['digest'][:12]},"
        f" for {duration(c['age_s'])}"
        for c in found["champions"]
    ]
    lines += [
        f"{'on trial' if c['reason'] == 'trial' else 'canary':<14}{c['tenant_id']}/{c['scope']}:"
        f" {c['digest'][:12]}, share {c['share']:g}, for {duration(c['age_s'])}"
        for c in found["canaries"]
    ]
    lines += [
        f"outstanding   {t['tenant_key']}/{t['scope']}: trigger {t['trigger_id']} ({', '.join(t['reasons'])})"
        for t in found["outstanding_triggers"]
    ]
    lines += [
        f"answer        {r['tenant_key']}/{r['scope']}: {r['verdict']} {duration(r['age_s'])} ago,"
        f" {r['reason']}: {r['message']}"
        for r in found["results"]
    ]
    return lines


def _members(group: Group | None) -> str:
    if group is None or group.state == UNKNOWN:
        return "unknown: this broker doesn't tell"
    return str(len(group.members) or "NONE")


def duration(seconds: float) -> str:
    """A length of time in its largest unit that is at least one."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
