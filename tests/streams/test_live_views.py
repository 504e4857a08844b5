"""The same run for a terminal, for a pipe and for a machine."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import orjson
import pytest
from rich.console import Console

from signalbox.events import TrialProgress
from streams.live.chart import Line, draw
from streams.live.loop_state import LoopState, Note
from streams.live.plain import PlainView
from streams.live.snapshot import Snapshot, TenantLine
from streams.live.summary import render_summary, summary
from streams.live.trials import RunningTrial
from streams.live.view import LiveView, render
from streams.simulator.score import Score

REQUIRED = {
    "broker",
    "decisions",
    "outcomes",
    "first_reward",
    "last_reward",
    "best_single_agent_reward",
    "optimal_reward",
    "policies_published",
    "policies_adopted",
    "candidates_rejected",
    "trials_begun",
    "trials_promoted",
    "trials_rejected",
    "changed_at",
    "drift_triggers",
    "publish_to_adopt_s",
    "trigger_to_policy_s",
    "dead_letters",
    "seconds",
}
START = 1_000.0
NOTES = (
    Note(START + 3, "harbor", "rejected", "not proven: at least -.010, .050 is needed"),
    Note(START + 6, "harbor", "adopted", "v1, 0.04 s after it was published"),
    Note(START + 8, "meadow", "rejected", "worse: [odd] brackets"),
)


@pytest.fixture
def now() -> Snapshot:
    return Snapshot(
        broker="kafka 4.1.0",
        elapsed_s=10.0,
        routed_s=10.0,
        limit_s=20.0,
        decisions=2500,
        limit_decisions=None,
        outcomes=2900,
        reward=0.612,
        best_single_agent=0.521,
        optimal=0.874,
        history=(0.4, 0.45, 0.5, 0.6, 0.61),
        adoptions_s=(6.0,),
        tenants=(TenantLine("harbor", 2500, 0.612, "generalist", 0.521, 0.874, 1),),
        triggers=4,
        published=1,
        adopted=1,
        rejected=2,
        failed=0,
        trials=(
            RunningTrial(
                "summit",
                "ab" * 32,
                TrialProgress(decisions=512, disagreements=34, seconds=9.0),
                -0.01,
                0.08,
                0.03,
            ),
        ),
        trials_begun=3,
        trials_promoted=1,
        dead_letters=0,
        dropped=0,
        waiting=12,
        waiting_s=0.3,
        notes=NOTES,
        started_at=START,
    )


def text_of(renderable: Any, width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_picture_holds_everything_that_matters(now: Snapshot) -> None:
    text = text_of(render(now, 110, 40))

    for part in (
        "kafka 4.1.0",
        "0:10 of 0:20",
        "0.612",
        "best single agent 0.521",
        "optimum 0.874",
        "▲",
        "2,500 decisions",
        "lag 12 (0.3 s)",
        "1 published   1 adopted   2 rejected   4 triggers   3 tried",
        "0:10  summit    on trial  abababababab: 34 of 512 decisions differed; improvement in [-0.010, +0.080]",
        "0:06  harbor    adopted",
        "not proven: at least -.010",
        "[odd] brackets",
    ):
        assert part in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (110, 40), (200, 60), (40, 10)])
def test_the_picture_fits_its_terminal_and_never_jumps(now: Snapshot, width: int, height: int) -> None:
    busy, quiet = (text_of(render(s, width, height), 300) for s in (now, replace(now, notes=(NOTES[0],))))

    assert len(busy.splitlines()) == len(quiet.splitlines())
    if height >= 24:
        assert len(busy.splitlines()) <= height
    if width >= 80:
        assert max(map(len, busy.splitlines())) <= width


def test_a_run_without_decisions_has_a_picture_too(now: Snapshot) -> None:
    empty = replace(
        now, decisions=0, reward=None, history=(), adoptions_s=(), notes=(), elapsed_s=0.0, routed_s=0
    )

    assert "optimum 0.874" in text_of(render(empty, 100, 30))


def test_only_the_newest_rejection_of_a_tenant_is_shown(now: Snapshot) -> None:
    notes = (*NOTES, replace(NOTES[0], at=START + 9, text="worse: the newest"))
    text = text_of(render(replace(now, notes=notes), 110, 40))

    assert "worse: the newest" in text
    assert "not proven" not in text
    assert "meadow" in text


def test_the_live_view_redraws_in_place_and_gives_the_terminal_back(now: Snapshot) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    view = LiveView(console)
    view.show(now)
    view.show(replace(now, decisions=2600))
    view.close()
    written = console.file.getvalue()  # type: ignore[attr-defined]

    assert "2,600 decisions" in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1  # cursor hidden, and shown again


def test_plain_lines_say_each_thing_once_and_the_status_from_time_to_time(now: Snapshot) -> None:
    console = Console(file=io.StringIO(), width=40)
    view = PlainView(console)
    for elapsed in (0.0, 0.25, 0.5, 5.0, 5.25):
        view.show(replace(now, elapsed_s=elapsed))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]

    assert sum("2,500 decisions  reward 0.612" in line for line in lines) == 2
    assert sum("harbor: adopted (v1" in line for line in lines) == 1
    assert sum("meadow: rejected (worse: [odd] brackets)" in line for line in lines) == 1
    assert sum("summit: on trial, abababababab: 34 of 512 decisions differed" in line for line in lines) == 2
    assert len(lines) == 6


def test_a_chart_stands_on_its_scale() -> None:
    rows = draw([0.2, 0.8], [Line(0.5, "middle", "red")], [0.5], width=10, height=5, filled=0.8)
    drawn = [row.plain for row in rows]

    assert sum("middle 0.500" in row for row in drawn) == 1
    assert drawn[0][4:8].strip() and not drawn[0][:4].strip()  # only the second half reaches the top
    assert drawn[4][:8].count(" ") == 0
    assert not drawn[4][8:10].strip()  # the future is empty
    assert drawn[5].index("▲") == 5


def a_summary(**changes: Any) -> dict[str, Any]:
    score = Score(best_single_agent=0.52, optimal=0.87)
    for i in range(1000):
        score.add(0.4 if i < 500 else 0.8, 0.1)
    state = LoopState()
    state.publish_to_adopt_s += [0.1, 0.3]
    given = {"broker": {"kind": "kafka", "version": "4.1.0"}, "score": score, "state": state}
    return summary(**{**given, "outcomes": 990, "dropped": 0, "seconds": 10.0, **changes})


def test_the_summary_for_a_machine_has_every_promised_field() -> None:
    numbers = orjson.loads(orjson.dumps(a_summary()))

    assert numbers.keys() >= REQUIRED
    assert numbers["first_reward"] == pytest.approx(0.4)
    assert numbers["last_reward"] == pytest.approx(0.8)
    assert numbers["regret"] == pytest.approx(100)
    assert numbers["publish_to_adopt_s"] == {"p50": 0.2, "p99": 0.298}
    assert numbers["trigger_to_policy_s"] == {"p50": None, "p99": None}


def test_the_summary_for_a_person_shows_both_ends_and_what_was_possible() -> None:
    text = text_of(render_summary(a_summary()))

    for label, value in (
        ("first 500 decisions", "0.400"),
        ("best single agent", "0.520"),
        ("last 500 decisions", "0.800"),
        ("optimum", "0.870"),
    ):
        assert any(label in line and value in line for line in text.splitlines())
    assert "policy to router 0.20 s (p99 0.30 s)" in text


def test_a_changed_world_is_part_of_both_summaries() -> None:
    state = LoopState()
    assert "world" not in text_of(render_summary(a_summary(state=state)))
    state.changed(12_000, 1.0)
    numbers = a_summary(state=state)

    assert (numbers["changed_at"], numbers["drift_triggers"]) == (12_000, 0)
    assert "the world changed after 12,000 decisions" in text_of(render_summary(numbers))


def test_an_interrupted_run_has_a_summary_too() -> None:
    empty = a_summary(score=Score(best_single_agent=0.5, optimal=0.9), state=LoopState(), outcomes=0)

    assert empty["first_reward"] is None
    assert "first 500 decisions   -" in text_of(render_summary(empty))
