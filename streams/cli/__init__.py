"""The command line: one file a command, imported when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from signalbox.errors import SignalboxError

COMMANDS = {
    "demo": "The whole loop on this machine: broker, worker, trainer and a simulated router.",
    "worker": "Join events, compute rewards, keep the replay buffer, emit triggers.",
    "trainer": "Answer triggers: train, evaluate, gate, publish.",
    "broker": "Start a local Kafka broker and print how to reach it.",
    "simulate": "A simulated router with known rewards, over the public client package.",
    "replay": "Run the processors over recorded offsets; compare with what the worker did.",
    "train": "Train a prompt program from rows whose right answers are known.",
    "cycle": "Read spans, ask for labels and collect them now, as the timers do.",
    "annotate": "Label decisions that the service asks about, a key press each.",
    "policy": "List, show, evaluate, try and roll back policies.",
    "checkpoint": "Save and load the state of a scope as JSON.",
    "status": "What is running, how far behind it is, what is in force.",
}


class _LazyGroup(click.Group):
    """A command's module is imported when the command is used, so that --help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"streams.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Signalbox makes a multi-agent router learn from what came of its decisions.

    Start with `signalbox demo`. Settings are environment variables, SIGNALBOX_<NAME>; docs/operations.md
    lists them. Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 stopped by an error.
    """


def run(arguments: list[str] | None = None) -> Any:
    """Run the command line; an error raised on purpose, or by Kafka, is one line and not a traceback."""
    try:
        return main.main(args=arguments, prog_name="signalbox")
    except SignalboxError as error:
        click.echo(f"signalbox: {error}", err=True)
        sys.exit(3)
    except Exception as error:
        if not _is_kafkas(error):
            raise
        click.echo(f"signalbox: Kafka: {error}", err=True)
        sys.exit(3)


def _is_kafkas(error: Exception) -> bool:
    """Whether Kafka, or the way to it, is at fault. Loading aiokafka only to ask would slow --help."""
    kafka = sys.modules.get("aiokafka.errors")
    return kafka is not None and isinstance(error, kafka.KafkaError)
