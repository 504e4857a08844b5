"""`signalbox train`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click
import orjson

from signalbox.errors import ConfigurationError, ProgramError
from streams.cli.train_text import failure, lines, summary
from streams.rows import read_rows
from streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from models.programs import Progress
    from streams.trainer.program_file import FileOutcome, FileRequest

PROGRAMS = ("routing", "modality", "query_analysis", "agent_routing")
OPTIMIZERS = ("adaptive", "bootstrap", "simba", "mipro", "gepa")
TOLD_EVERY_S = 1.0

EPILOG = """\b
Examples:
  signalbox train --type routing --program query_analysis --data analysed.jsonl
  signalbox train --type routing --program routing --data answered.csv --optimizer mipro --save program.json
  signalbox train --type routing --program routing --data answered.jsonl --publish --tenant acme
"""


@click.command(epilog=EPILOG)
@click.option("--type", "kind", type=click.Choice(["routing"]), required=True, help="What is optimised.")
@click.option("--program", type=click.Choice(PROGRAMS), required=True, help="Which prompt program is trained.")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Rows with their right answers: JSON lines, or CSV with a heading.",
)
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), help="Default: SIGNALBOX_OPTIMIZER_STRATEGY.")
@click.option(
    "--held-out",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the rows that only judge the program.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of everything random.")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the program here, as JSON."
)
@click.option("--publish", is_flag=True, help="Put it in force if it is better, and record the answer.")
@click.option("--tenant", help="Whose program it is; needed to publish.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object and nothing else.")
def command(
    kind: str,
    program: str,
    data: Path,
    optimizer: str | None,
    held_out: float,
    seed: int,
    save: Path | None,
    publish: bool,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Train a prompt program from rows whose right answers are known.

    Rows of routing and modality have `query` and `correct_agent`, and may have `entities`, `relationships`,
    `enhanced_query`, `modality` and `candidates`; rows of the others have the fields of their signature, see
    docs/programs.md. The language model is SIGNALBOX_LANGUAGE_MODEL. Kafka is needed to publish only. There is
    no time limit; Ctrl-C ends it. Exit codes: 0 the program is proven better than the one in force (or than the
    untrained one), 1 it isn't, 2 the rows or --save can't be used, 3 something broke or it was stopped.
    """
    del kind  # the only one so far
    from adapters.language_model import Interrupted
    from models.errors import NothingToLearn
    from models.programs.validation import InvalidExamples
    from processors.training.program_rows import unused_fields
    from signalbox.program import SIGNATURES
    from streams.trainer.program_file import NOBODY, FileRequest

    if publish and tenant is None:
        raise click.UsageError("--publish needs --tenant")
    settings = load_settings(
        **({} if optimizer in (None, "adaptive") else {"force_optimizer": optimizer}),
        **({"optimizer_strategy": "adaptive", "force_optimizer": None} if optimizer == "adaptive" else {}),
    )
    try:
        rows = read_rows(data)
    except ConfigurationError as error:
        _refuse(str(error))
    _check_writable(save)
    for name in unused_fields(SIGNATURES[program], rows):
        click.echo(f"signalbox: column {name!r} is not used", err=True)
    request = FileRequest(program, rows, held_out, seed, tenant or NOBODY, publish)
    try:
        outcome = asyncio.run(_train(settings, request, as_json))
    except InvalidExamples as error:
        alone = len(error.lines) == 1
        _refuse(f"{data}: {error.lines[0] if alone else error.title}", *(() if alone else error.lines))
    except NothingToLearn as error:
        _refuse(f"{data}: {error}")
    except ProgramError as error:
        raise ProgramError(failure(settings, error)) from None
    except Interrupted as error:
        raise ProgramError(str(error)) from None
    except KeyboardInterrupt:
        raise ProgramError("stopped before the end") from None
    if save is not None:
        save.write_bytes(outcome.training.artifact)
    content = summary(request, outcome, save)
    click.echo(orjson.dumps(content).decode() if as_json else "\n".join(lines(content)))
    sys.exit(0 if outcome.result.verdict == "promoted" else 1)


def _refuse(problem: str, *details: str) -> NoReturn:
    """Say, without the usage, why the rows or the file to write can't be used."""
    click.echo("\n  ".join([f"signalbox: {problem}", *details]), err=True)
    sys.exit(2)


def _check_writable(path: Path | None) -> None:
    """Write nothing to a file, so that what would fail after the training fails before it."""
    if path is None:
        return
    existed = path.exists()
    try:
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as error:
        _refuse(f"--save {path}: {error.strerror}")


async def _train(settings: Settings, request: FileRequest, as_json: bool) -> FileOutcome:
    from streams.trainer.program_file import train_file

    # DSPy's own output is thrown away while it runs, so what is said goes to the stream as it was before.
    return await train_file(settings, request, _teller(None if as_json else sys.stderr))


def _teller(output: TextIO | None) -> Callable[[Progress], None]:
    next_s = 0.0

    def tell(progress: Progress) -> None:
        nonlocal next_s
        if output is None or time.monotonic() < next_s:
            return
        next_s = time.monotonic() + TOLD_EVERY_S
        best = "" if progress.best_score is None else f", best score {progress.best_score:.3f}"
        output.write(f"{progress.stage}: {progress.calls:,} of about {progress.expected_calls:,} calls{best}\n")

    return tell
