"""The trials that a person sees while they go on."""

from __future__ import annotations

from typing import Any

import pytest

from signalbox.events import Estimate, TrialProgress
from streams.live.loop_state import LoopState
from streams.live.trials import RunningTrial, Trials
from tests.streams.test_live_loop_state import a_result

DIGEST = "ab" * 32
PROGRESS = TrialProgress(decisions=1200, disagreements=80, seconds=30.0)
GAIN = Estimate(value=0.02, lower=-0.01, upper=0.05, samples=80, effective_samples=70.0, largest_weight=2.0)


def begun(reason: str = "promising", **numbers: Any) -> Any:
    return a_result("on_trial", reason, digest=DIGEST, **numbers)


def look() -> Any:
    return begun("undecided", trial=PROGRESS, improvement=GAIN, threshold=0.03)


def test_a_trial_begins_goes_on_and_ends() -> None:
    trials = Trials()
    assert trials.result(begun(improvement=GAIN, threshold=0.03)) == RunningTrial("harbor", DIGEST, needed=0.03)
    assert trials.running[0].line == "abababababab begins"
    assert trials.result(look()) is None
    assert trials.running[0].line == (
        "abababababab: 80 of 1,200 decisions differed; improvement in [-0.010, +0.050], must exceed +0.030"
    )
    trials.result(a_result("promoted", "better", digest=DIGEST, trial=PROGRESS))
    assert (trials.begun, trials.promoted, trials.rejected, trials.running) == (1, 1, 0, ())


@pytest.mark.parametrize(
    ("verdict", "reason", "numbers"),
    [
        ("rejected", "exhausted", {"trial": PROGRESS}),
        ("rejected", "stale_champion", {}),
        ("rolled_back", "requested", {}),
    ],
)
def test_it_may_end_without_a_promotion(verdict: str, reason: str, numbers: dict[str, Any]) -> None:
    trials = Trials()
    trials.result(begun("requested"))
    trials.result(a_result("failed", "error"))
    trials.result(a_result("rejected", "not_proven"))
    assert len(trials.running) == 1
    trials.result(a_result(verdict, reason, **numbers))
    assert (trials.begun, trials.promoted, trials.rejected, trials.running) == (1, 0, 1, ())


def test_a_canary_is_watched_without_bounds() -> None:
    trials = Trials()
    trials.result(begun("requested"))
    trials.result(begun("undecided", trial=PROGRESS))
    assert trials.running[0].line == "abababababab: 80 of 1,200 decisions differed"


def test_an_end_without_a_beginning_counts_for_nothing() -> None:
    trials = Trials()
    trials.result(a_result("promoted", "better"))
    assert (trials.promoted, trials.rejected) == (0, 0)


def test_notes_tell_of_beginnings_and_of_what_a_trial_saw() -> None:
    state = LoopState()
    state.result(begun(improvement=GAIN, threshold=0.03, held_out_samples=28), 1.0)
    state.result(look(), 2.0)
    state.result(a_result("rejected", "worse", improvement=GAIN, threshold=0.03, trial=PROGRESS), 3.0)
    assert [(note.kind, note.text) for note in state.notes] == [
        ("on trial", "abababababab, promising: +0.020, at least -0.010, must exceed +0.030; 28 held out"),
        (
            "rejected",
            "worse: +0.020, at least -0.010, must exceed +0.030; tried, 80 of 1,200 decisions differed",
        ),
    ]
    assert state.rejected == 1
