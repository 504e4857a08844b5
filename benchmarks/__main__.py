"""`python -m benchmarks list` and `python -m benchmarks run ID...`."""

from __future__ import annotations

import click

from benchmarks.measure import Options
from benchmarks.registry import BENCHMARKS, load
from benchmarks.report import json_line, table, write


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
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="Repetitions.")
@click.option("--quick", is_flag=True, help="A rough answer in seconds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, and nothing else.")
@click.option("--write", "store", is_flag=True, help="Store benchmarks/results/ID.json.")
def run(ids: tuple[str, ...], *, everything: bool, seeds: int, quick: bool, as_json: bool, store: bool) -> None:
    """Run the benchmarks named by their ids.

    The table, or with --json one object a line, goes to standard output; progress to standard error.
    """
    chosen = tuple(BENCHMARKS) if everything else ids
    unknown = [benchmark_id for benchmark_id in chosen if benchmark_id not in BENCHMARKS]
    if unknown:
        raise click.UsageError(f"there is no benchmark {unknown[0]!r}; see `python -m benchmarks list`")
    if not chosen:
        raise click.UsageError("name a benchmark, or give --all")
    for benchmark_id in chosen:
        click.echo(f"{benchmark_id}: running", err=True)
        measures = []
        for measure in load(benchmark_id)(Options(seeds=seeds, quick=quick)):
            measures.append(measure)
            if as_json:
                click.echo(json_line(measure))
        if not as_json:
            click.echo(table(measures))
        if store:
            click.echo(f"{benchmark_id}: written to {write(benchmark_id, measures)}", err=True)


if __name__ == "__main__":
    main()
