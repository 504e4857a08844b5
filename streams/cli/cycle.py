"""`signalbox cycle`: one orchestration cycle now."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from streams.orchestrator.ask import run_cycles
from streams.orchestrator.results import results_of
from streams.settings import load_settings


@click.command("cycle")
@click.option("--once", is_flag=True, required=True, help="One cycle now; the timers go on as they do.")
@click.option("--tenant", default="default", show_default=True, help="Whose spans, labels and decisions.")
@click.option("--timeout", "timeout_s", default=120.0, show_default=True, help="Seconds to wait for each part.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(once: bool, tenant: str, timeout_s: float, as_json: bool) -> None:
    """Read spans, ask for labels, collect them: what the timers do, at once.

    A running worker does it. Ends with 1 where a part of it failed.
    """
    settings = load_settings()
    reports = asyncio.run(run_cycles(settings.connection(), settings, tenant, timeout_s))
    result = results_of(reports)
    click.echo(json.dumps(result) if as_json else _text(result))
    if result["errors"]:
        raise SystemExit(1)


def _text(result: dict[str, Any]) -> str:
    spans, feedback = result["span_evaluation"], result["feedback_loop"]
    agents = ", ".join(f"{agent} {count}" for agent, count in spans["agent_distribution"].items())
    lines = [
        f"spans       {spans['spans_processed']} new, {spans['experiences_created']} experiences,"
        f" {spans['ignored']} ignored; mean confidence {spans['avg_confidence']:.2f},"
        f" success {spans['success_rate']:.0%}" + (f"; {agents}" if agents else ""),
        f"annotation  {result['annotation_requests']} labels asked for,"
        f" {result['annotations_generated']} by the language model, {result['annotation_failures']} failures",
        f"feedback    {feedback['annotations_found']} labels found in Phoenix,"
        f" {feedback['annotations_processed']} taken in, {feedback['experiences_updated']} that say something",
    ]
    lines += [f"failed      {name}: {error}" for name, error in result["errors"].items()]
    return "\n".join(lines)
