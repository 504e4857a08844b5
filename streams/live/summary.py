"""What a run came to: for a person a few lines, for a machine one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.live.loop_state import LoopState
from streams.simulator.score import Score

BAR_COLUMNS = 40


def summary(
    *, broker: dict[str, str], score: Score, state: LoopState, outcomes: int, dropped: int, seconds: float
) -> dict[str, Any]:
    """The run in numbers.

    `first_reward` and `last_reward` are realised rewards of the first and last 500 decisions: those of their
    whole outcomes as the simulator drew them, also where no outcome was ever reported. The other rewards and
    `regret` are exact expectations. `changed_at` is the number of decisions before the world changed. Times in
    seconds; null where nothing was measured.
    """
    return {
        "broker": broker,
        "decisions": score.decisions,
        "outcomes": outcomes,
        "first_reward": score.first,
        "last_reward": score.last,
        "best_single_agent_reward": score.best_single_agent,
        "optimal_reward": score.optimal,
        "regret": score.regret,
        "changed_at": state.changed_at,
        "triggers": state.triggers,
        "drift_triggers": state.drift_triggers,
        "policies_published": state.published,
        "policies_adopted": state.adopted,
        "candidates_rejected": state.rejected,
        "trials_begun": state.trials.begun,
        "trials_promoted": state.trials.promoted,
        "trials_rejected": state.trials.rejected,
        "trainings_failed": state.failed,
        "programs_published": state.programs.published,
        "programs_rejected": state.programs.rejected,
        "programs_failed": state.programs.failed,
        "publish_to_adopt_s": _quantiles(state.publish_to_adopt_s),
        "trigger_to_policy_s": _quantiles(state.trigger_to_policy_s),
        "dead_letters": state.dead_letters.total(),
        "dropped": dropped,
        "seconds": seconds,
    }


def render_summary(numbers: dict[str, Any]) -> RenderableType:
    """The same for a person."""
    broker = numbers["broker"]
    title = Text.assemble(
        (f"\n {numbers['decisions']:,} decisions", "bold"),
        f" in {numbers['seconds']:.0f} s, {numbers['outcomes']:,} outcomes, ",
        f"broker: {broker['kind']} {broker['version']}\n",
    )
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    for label, key, style in (
        ("first 500 decisions", "first_reward", "white"),
        ("best single agent", "best_single_agent_reward", "magenta"),
        ("last 500 decisions", "last_reward", "bold cyan"),
        ("optimum", "optimal_reward", "yellow"),
    ):
        value = numbers[key]
        bar = "━" * round((value or 0.0) * BAR_COLUMNS)
        table.add_row(
            label, Text("-" if value is None else f"{value:.3f}", style=style), Text(bar, style=style)
        )
    return Group(title, table, Text(_details(numbers)))


def _details(numbers: dict[str, Any]) -> str:
    lines = [
        f"\n policies  {numbers['policies_published']} published, {numbers['policies_adopted']} adopted; "
        f"{numbers['candidates_rejected']} candidates rejected, {numbers['triggers']} triggers",
        f" trials    {numbers['trials_begun']} begun, {numbers['trials_promoted']} promoted, "
        f"{numbers['trials_rejected']} rejected",
        f" trigger to policy {_range(numbers['trigger_to_policy_s'])}, "
        f"policy to router {_range(numbers['publish_to_adopt_s'])}",
    ]
    if numbers["changed_at"] is not None:
        changed, drift = numbers["changed_at"], numbers["drift_triggers"]
        lines.append(f" the world changed after {changed:,} decisions; triggers because of drift: {drift}")
    programs = [numbers[f"programs_{what}"] for what in ("published", "rejected", "failed")]
    if any(programs):
        lines.append(" programs  {} published, {} rejected, {} failed".format(*programs))
    if numbers["trainings_failed"]:
        lines.append(f" {numbers['trainings_failed']} trainings failed")
    if numbers["dead_letters"] or numbers["dropped"]:
        lines.append(f" {numbers['dead_letters']:,} dead letters, {numbers['dropped']:,} events dropped")
    return "\n".join(lines)


def _range(quantiles: dict[str, float | None]) -> str:
    if quantiles["p50"] is None:
        return "-"
    return f"{quantiles['p50']:.2f} s (p99 {quantiles['p99']:.2f} s)"


def _quantiles(seconds: Sequence[float]) -> dict[str, float | None]:
    if not seconds:
        return {"p50": None, "p99": None}
    p50, p99 = np.quantile(seconds, [0.5, 0.99])
    return {"p50": round(float(p50), 4), "p99": round(float(p99), 4)}
