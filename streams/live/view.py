"""The live view: one calm picture of the loop, redrawn a few times a second."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streams.live.chart import Line, draw
from streams.live.loop_state import Note
from streams.live.snapshot import Snapshot, TenantLine

CHART_ROWS = (4, 9)
OTHER_ROWS = 21
NOTES_SHOWN = 6
LABEL_COLUMNS = 26
NOTE_STYLES = {
    "adopted": "green",
    "promoted": "green",
    "on trial": "yellow",
    "changed": "bold",
    "drift": "yellow",
    "rollback": "red",
    "rejected": "dim",
    "failed": "red",
    "program": "cyan",
}


class LiveView:
    """Redraws the picture in place, and leaves the last one standing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def show(self, now: Snapshot) -> None:
        """Draw the loop as it is now."""
        self._live.update(render(now, self._console.width, self._console.height), refresh=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()


def render(now: Snapshot, width: int, height: int) -> RenderableType:
    """The whole view for a terminal of `width` columns and `height` rows."""
    chart_rows = min(CHART_ROWS[1], max(CHART_ROWS[0], height - OTHER_ROWS - len(now.tenants) + 1))
    return Group(
        _header(now, width),
        Text(),
        *_reward_chart(now, width, chart_rows),
        Text(),
        _tenants(now),
        Text(),
        _flow(now),
        _policies(now),
        Text.assemble((" programs  ", "dim"), now.programs or "-"),
        Text(),
        *_notes(now, width),
    )


def _header(now: Snapshot, width: int) -> Text:
    left = Text.assemble((" Signalbox ", "bold black on cyan"), ("  " + now.broker, "dim"))
    progress = _clock(now.elapsed_s) + (f" of {_clock(now.limit_s)}" if now.limit_s else "")
    if now.limit_decisions:
        progress = f"{now.decisions:,} of {now.limit_decisions:,} decisions, {_clock(now.elapsed_s)}"
    if now.routed_s < now.elapsed_s:
        progress = "waiting for the last outcomes"
    gap = max(2, width - left.cell_len - len(progress) - 1)
    return left.append(" " * gap).append(progress, style="bold")


def _reward_chart(now: Snapshot, width: int, height: int) -> list[Text]:
    lines = [
        Line(now.optimal, "optimum", "yellow"),
        Line(now.best_single_agent, "best single agent", "magenta"),
    ]
    title = Text.assemble(" mean reward of the last 500 decisions  ", (_number(now.reward), "bold cyan"))
    # The time axis ends at the run's end where that is known, so that the curve grows and nothing shifts.
    span = max(now.limit_s or 0.0, now.routed_s, 1e-9)
    columns = max(20, width - LABEL_COLUMNS)
    marks = [at / span for at in now.adoptions_s if 0 <= at <= span]
    rows = draw(now.history, lines, marks, width=columns, height=height, filled=now.routed_s / span)
    return [title, *(Text(" ") + row for row in rows)]


def _tenants(now: Snapshot) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="dim")
    table.add_column("tenant")
    for name in ("decisions", "reward", "best single agent", "optimum", "policy"):
        table.add_column(name, justify="right", min_width=8)
    for line in now.tenants:
        table.add_row(*_cells(line))
    return table


def _cells(line: TenantLine) -> tuple[RenderableType, ...]:
    ahead = line.reward is not None and line.reward > line.best_single_agent_reward
    return (
        line.tenant_id,
        f"{line.decisions:,}",
        Text(_number(line.reward), style="green" if ahead else ""),
        Text.assemble((line.best_single_agent + " ", "dim"), _number(line.best_single_agent_reward)),
        _number(line.optimal_reward),
        f"v{line.version}" if line.version is not None else Text("baseline", style="dim"),
    )


def _flow(now: Snapshot) -> Text:
    return Text.assemble(
        (" events    ", "dim"),
        f"{now.decisions:,} decisions   {now.outcomes:,} outcomes   ",
        (f"lag {now.waiting:,} ({now.waiting_s:.1f} s)", "red" if now.waiting_s > 10 else ""),
        (f"   {now.dead_letters:,} dead letters", "red" if now.dead_letters else ""),
        (f"   {now.dropped:,} dropped", "red") if now.dropped else "",
    )


def _policies(now: Snapshot) -> Text:
    return Text.assemble(
        (" policies  ", "dim"),
        f"{now.published} published   ",
        (f"{now.adopted} adopted", "green" if now.adopted else ""),
        f"   {now.rejected} rejected   {now.triggers} triggers   {now.trials_begun} tried",
        (f"   {now.failed} failed", "red") if now.failed else "",
    )


def _notes(now: Snapshot, width: int) -> list[Text]:
    """The trials that go on, then the newest notes; always as many rows, so that the picture doesn't jump."""
    at = now.started_at + now.elapsed_s
    running = [Note(at, each.tenant_id, "on trial", each.line) for each in now.trials]
    shown = [*running, *_worth_showing(now.notes)][:NOTES_SHOWN]
    rows = [
        Text.assemble(
            (f" {_clock(max(0.0, note.at - now.started_at))}  ", "dim"),
            f"{note.tenant_id:<10}",
            (f"{note.kind:<9} ", NOTE_STYLES.get(note.kind, "")),
            (note.text, "dim" if note.kind == "rejected" else ""),
        )
        for note in shown
    ]
    rows += [Text()] * (NOTES_SHOWN - len(rows))
    for row in rows:
        row.truncate(max(20, width - 1), overflow="ellipsis")
    return rows


def _worth_showing(notes: Sequence[Note]) -> list[Note]:
    """Newest first; of each tenant's rejections only the newest, because there are many."""
    shown: list[Note] = []
    for note in reversed(notes):
        repeated = any(n.kind == note.kind == "rejected" and n.tenant_id == note.tenant_id for n in shown)
        if not repeated:
            shown.append(note)
    return shown


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
