"""The same as the live view where there is no terminal: a line every few seconds, and one per adoption.

While a trial goes on, a line says how far it has come; another one how prompt programs stand.
"""

from __future__ import annotations

from rich.console import Console

from streams.live.loop_state import Note
from streams.live.snapshot import Snapshot

STATUS_EVERY_S = 5.0


class PlainView:
    """Prints what is new; of the rejections since the last status only the newest, with its reason."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: set[Note] = set()
        self._next_status_s = 0.0

    def show(self, now: Snapshot) -> None:
        """Print what has happened since the last call, and from time to time where the loop stands."""
        fresh = [note for note in now.notes if note not in self._said]
        for note in fresh:
            if note.kind != "rejected":
                self._say(note_line(note, now.started_at))
                self._said.add(note)
        if now.elapsed_s >= self._next_status_s:
            self._next_status_s = now.elapsed_s + STATUS_EVERY_S
            rejected = [note for note in fresh if note.kind == "rejected"]
            if rejected:
                self._say(note_line(rejected[-1], now.started_at))
            self._said.update(rejected)
            self._say(status_line(now))
            for trial in now.trials:
                self._say(f"{now.elapsed_s:6.1f} s  {trial.tenant_id}: on trial, {trial.line}")
            if now.programs:
                self._say(f"{now.elapsed_s:6.1f} s  programs: {now.programs}")

    def close(self) -> None:
        """Nothing is left to do."""

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def status_line(now: Snapshot) -> str:
    """Where the loop stands."""
    reward = "-" if now.reward is None else f"{now.reward:.3f}"
    return (
        f"{now.elapsed_s:6.1f} s  {now.decisions:,} decisions  reward {reward} "
        f"(best single agent {now.best_single_agent:.3f}, optimum {now.optimal:.3f})  "
        f"policies: {now.published} published, {now.adopted} adopted, {now.rejected} rejected, "
        f"{now.trials_begun} tried  "
        f"lag {now.waiting:,} ({now.waiting_s:.1f} s)"
        + (f"  {now.dead_letters:,} dead letters" if now.dead_letters else "")
        + (f"  {now.dropped:,} dropped" if now.dropped else "")
    )


def note_line(note: Note, started_at: float) -> str:
    """What happened, and when in seconds since the start."""
    return f"{max(0.0, note.at - started_at):6.1f} s  {note.tenant_id}: {note.kind} ({note.text})"
