"""`python -m benchmarks list` and `python -m benchmarks run ID...`."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.measure import Options
from benchmarks.registry import BENCHMARKS, load
from benchmarks.report import json_line, table, write
from signalbox.errors import ConfigurationError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Seeded measurements with permanent ids; each does its own set-up, broker included."""


@main.command("list")
def show() -> None:
    """Show every benchmark's id and what it measures."""
    width = max(map(len, BENCHMARKS))
    for benchmark_id, benchmark in BENCHMARKS.items():
        click.echo(f"{benchmark_id:{width}}  {benchmark.summary}")


@main.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="Run every benchmark.")
@click.option("--seeds", type=click.IntRange(1), help="Repetitions; default: each benchmark's own.")
@click.option("--quick", is_flag=True, help="A rough answer in seconds.")
@click.option("--train", type=_FILE, help="Learn from this CSV or JSON lines: text,label[,reward columns].")
@click.option("--test", type=_FILE, help="Test on this one.")
@click.option("--cards", metavar="none|labels|FILE", help="What is known of its agents; FILE has agent,text.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, and nothing else.")
@click.option("--write", "store", is_flag=True, help="Store benchmarks/results/ID.json.")
def run(
    ids: tuple[str, ...],
    *,
    everything: bool,
    seeds: int | None,
    quick: bool,
    train: Path | None,
    test: Path | None,
    cards: str | None,
    as_json: bool,
    store: bool,
) -> None:
    """Run the benchmarks named by their ids.

    The table, or with --json one object a line, goes to standard output; progress to standard error.
    """
    chosen = tuple(BENCHMARKS) if everything else ids
    unknown = [benchmark_id for benchmark_id in chosen if benchmark_id not in BENCHMARKS]
    if unknown:
        raise click.UsageError(f"there is no benchmark {unknown[0]!r}; see `python -m benchmarks list`")
    if not chosen:
        raise click.UsageError("name a benchmark, or give --all")
    _check_data(chosen, train, test, cards)
    for benchmark_id in chosen:
        benchmark = BENCHMARKS[benchmark_id]
        count = seeds or (benchmark.quick_seeds if quick else benchmark.seeds)
        options = Options(seeds=count, quick=quick, train=train, test=test, cards=cards or "none")
        click.echo(f"{benchmark_id}: running", err=True)
        measures = []
        try:
            for measure in load(benchmark_id)(options):
                measures.append(measure)
                if as_json:
                    click.echo(json_line(measure))
        except ConfigurationError as error:
            raise click.ClickException(str(error)) from None
        if not as_json:
            click.echo(table(measures))
        if store:
            click.echo(f"{benchmark_id}: written to {write(benchmark_id, measures)}", err=True)


def _check_data(chosen: tuple[str, ...], train: Path | None, test: Path | None, cards: str | None) -> None:
    if (train is None) != (test is None) or (cards and train is None):
        raise click.UsageError("--train and --test belong together, and --cards to them")
    for benchmark_id in chosen if train else ():
        if not BENCHMARKS[benchmark_id].takes_data:
            raise click.UsageError(f"{benchmark_id} has its own data and takes no --train")


if __name__ == "__main__":
    main()
