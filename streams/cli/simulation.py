"""What `demo` and `simulate` have in common: their options, their output and how they end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
from rich.console import Console

from streams.live.plain import PlainView
from streams.live.run import View
from streams.live.summary import render_summary
from streams.live.view import LiveView
from streams.simulator.build import Scenario

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option("--seed", default=0, show_default=True, help="Seed of everything random."),
    click.option("--tenants", type=click.IntRange(1, 8), help="Tenants; default 3, with --queries 1."),
    click.option(
        "--rate",
        default=250.0,
        show_default=True,
        type=click.FloatRange(0.1, 5000),
        help="Decisions a second, all tenants together.",
    ),
    click.option("--decisions", type=click.IntRange(min=1), help="End after so many decisions."),
    click.option(
        "--constant-reward",
        type=click.FloatRange(0, 1),
        help="Every outcome is worth this: there is nothing to learn, so nothing may be promoted.",
    ),
    click.option(
        "--change-at",
        type=click.IntRange(min=1),
        help="After so many decisions, all tenants together, the agents take each other's places: what was "
        "learned holds no more.",
    ),
    click.option("--queries", type=_FILE, help="Real queries: CSV or JSON lines of text and label."),
    click.option(
        "--groups", type=_FILE, help='Labels to agents: JSON {"agent": ["label"]} or CSV label,agent.'
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the summary as one JSON object, the last line."
    ),
    click.option("--plain", is_flag=True, help="Plain lines also where there is a terminal."),
)


def simulation_options(function: F) -> F:
    """Add the options of a simulation to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def scenario_of(options: dict[str, Any]) -> Scenario:
    """The scenario that the options describe."""
    if options["groups"] and not options["queries"]:
        raise click.UsageError("--groups says which agent owns a label, so it needs --queries")
    if options["change_at"] and options["constant_reward"] is not None:
        raise click.UsageError("--change-at changes nothing with --constant-reward: all agents are alike")
    return Scenario(
        seed=options["seed"],
        tenants=options["tenants"],
        constant_reward=options["constant_reward"],
        queries=options["queries"],
        groups=options["groups"],
        change_at=options["change_at"],
    )


@dataclass(frozen=True)
class Output:
    """Where things are shown: with `as_json` standard output holds one JSON object and nothing else."""

    as_json: bool
    plain: bool

    @property
    def console(self) -> Console:
        """Where progress goes."""
        return Console(stderr=self.as_json, highlight=False)

    def say(self, line: str) -> None:
        """One line of progress."""
        click.echo(line, err=self.as_json)

    def view(self) -> View:
        """Live where a person sits in front of a terminal, else plain lines."""
        console = self.console
        return LiveView(console) if console.is_terminal and not self.plain else PlainView(console)

    def finish(self, numbers: dict[str, Any]) -> None:
        """Show the summary."""
        self.console.print(render_summary(numbers))
        if self.as_json:
            click.echo(orjson.dumps(numbers).decode())


def quiet_logging(log_file: Path | None) -> None:
    """Keep warnings out of the picture: into a file, or dropped but for errors."""
    if log_file:
        logging.basicConfig(filename=log_file, level=logging.INFO, force=True)
    else:
        logging.basicConfig(level=logging.ERROR, force=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
