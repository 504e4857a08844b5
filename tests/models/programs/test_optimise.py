"""What fails gives way to what is simpler, what is no better isn't kept, what can't be learned is refused."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from models.errors import NothingToLearn
from models.programs import InvalidExamples, optimisers
from models.programs.optimisers import Task
from signalbox.errors import ConfigurationError, ProgramError
from tests.models.logs import AGENTS
from tests.models.programs.routing_rows import row, rows, train
from tests.signalbox.programs import answering, language_model


def compiles(monkeypatch: pytest.MonkeyPatch, name: str, error: Callable[[], Exception] | None = None) -> None:
    """This optimiser gives back its start, or fails."""

    def run(task: Task) -> Any:
        if error is not None:
            raise error()
        return task.student()

    monkeypatch.setitem(optimisers._RUN, name, run)


def test_several_stages_each_start_from_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []

    def gepa(task: Task) -> Any:
        starts.append(len(task.student().predict.demos))
        return task.student()

    monkeypatch.setitem(optimisers._RUN, "gepa", gepa)
    found = train("gepa", rows(30), enable_multi_stage=True, mipro_threshold=30)
    assert [attempt.optimizer for attempt in found.tried] == ["bootstrap", "mipro", "gepa"]
    best = max([found.score_before, *(attempt.score or 0.0 for attempt in found.tried)])
    assert found.score_after == best > found.score_before
    assert found.optimizer == next(each.optimizer for each in found.tried if each.score == best)
    assert starts == [found.demos]
    assert found.tried[-1].score == best
    assert f"{found.optimizer} is kept" in found.message


def test_one_that_fails_gives_way_to_the_next_simpler_one(monkeypatch: pytest.MonkeyPatch) -> None:
    compiles(monkeypatch, "gepa", lambda: ValueError("secret query"))
    compiles(monkeypatch, "simba", lambda: ConfigurationError("no simba"))
    compiles(monkeypatch, "mipro", RuntimeError)
    found = train("gepa", rows(12))
    assert [attempt.optimizer for attempt in found.tried] == ["gepa", "mipro", "simba", "bootstrap"]
    errors = [attempt.error for attempt in found.tried]
    assert str(errors[0]).startswith("ValueError in test_optimise.py:")
    assert errors[2:] == ["no simba", None]
    assert "gepa failed, mipro failed, simba failed, bootstrap " in found.message


def test_mipro_looks_for_optuna_before_its_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["models.programs.optimisers.mipro"], "find_spec", lambda _: None)
    compiles(monkeypatch, "simba")
    found = train("mipro", rows(12))
    assert found.tried[0] == ("mipro", None, "MIPROv2 needs optuna: install dspy[optuna]")
    assert found.calls == 2 * found.validation


def test_what_ran_before_is_not_run_again_and_a_failed_stage_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiles(monkeypatch, "mipro", RuntimeError)
    compiles(monkeypatch, "simba", RuntimeError)
    compiles(monkeypatch, "gepa")
    found = train("mipro", rows(12), enable_multi_stage=True)
    assert [attempt.optimizer for attempt in found.tried] == ["bootstrap", "mipro", "simba"]
    compiles(monkeypatch, "bootstrap", RuntimeError)
    found = train("gepa", rows(12), enable_multi_stage=True)
    assert [(attempt.optimizer, attempt.error is None) for attempt in found.tried] == [
        ("bootstrap", False),
        ("gepa", True),
    ]


def test_without_a_demonstration_that_may_be_shown_bootstrap_says_so() -> None:
    found = train("bootstrap", [row(f"q{i}", AGENTS[0], quality=0.1) for i in range(6)])
    assert found.tried[0].error == "none of 3 examples may be shown as a demonstration"
    assert (found.optimizer, found.demos) == (None, 0)


def test_an_optimiser_over_the_budget_gives_way_before_it_begins() -> None:
    found = train("gepa", rows(15), max_calls=300)
    assert [attempt.optimizer for attempt in found.tried] == ["gepa", "mipro"]
    assert found.tried[0].error == "about 438 more calls after 7, of 300 allowed"
    assert found.calls <= 300


def test_a_program_that_is_no_better_is_not_kept() -> None:
    found = train("bootstrap", rows(36), lm=language_model(answering(AGENTS[0])))
    assert found.tried[0].score == found.score_before == found.score_after
    assert (found.optimizer, found.demos) == (None, 0)
    assert "none is better, so the untrained program is kept" in found.message


def test_a_tie_on_few_examples_is_left_to_the_gate() -> None:
    found = train("bootstrap", rows(15), lm=language_model(answering(AGENTS[0])))
    assert found.tried[0].score == found.score_before
    assert found.optimizer == "bootstrap"


def test_demonstrations_come_from_all_examples_once_bootstrap_is_chosen() -> None:
    found = train("bootstrap", rows(14), lm=language_model(answering(AGENTS[0])))
    assert (found.examples, found.validation, found.demos) == (14, 7, 14)


def test_heavy_examples_decide_what_is_better() -> None:
    """The program always answers alpha: what counts is the weight of those for whom that is right."""
    examples = [row(f"q{i}", AGENTS[i % 2], weight=9.0 if i % 2 == 0 else 1.0) for i in range(20)]
    found = train("bootstrap", examples, lm=language_model(answering(AGENTS[0])))
    assert found.score_before > 0.75


def test_a_language_model_that_fails_is_an_error_and_one_slip_is_not() -> None:
    asked: list[Any] = []

    def answer(request: Any) -> str:
        asked.append(request)
        if len(asked) == slip or len(asked) > last:
            raise RuntimeError
        return answering(AGENTS[0])(request)

    slip, last = 2, 1000
    found = train("bootstrap", rows(30), lm=language_model(answer))
    assert found.tried[0].error is None
    assert 0.0 < found.score_before < 1.0
    slip, last = 0, len(asked) + 5
    with pytest.raises(ProgramError, match="the language model failed: LMUnexpectedError, on 5 of 10 examples"):
        train("bootstrap", rows(30), lm=language_model(answer))


def test_examples_are_checked_before_the_first_call() -> None:
    lm = language_model(lambda _: pytest.fail("asked"))
    with pytest.raises(InvalidExamples):
        train("bootstrap", [row("q", "omega")], lm=lm)
    for nothing in ([], [row("q", None, avoided=(AGENTS[0],))]):
        with pytest.raises(NothingToLearn, match="has a right answer"):
            train("bootstrap", nothing, lm=lm)


def test_dspy_may_speak_again_afterwards() -> None:
    before = logging.getLogger("dspy").level, sys.stdout
    train("bootstrap", rows(6))
    assert (logging.getLogger("dspy").level, sys.stdout) == before


def test_a_metric_that_always_raises_is_an_error_and_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> float:
        raise KeyError("secret")

    monkeypatch.setattr("models.programs.evaluate.score_metric", lambda _: broken)
    with pytest.raises(ProgramError, match="the metric failed, on 7 of 7 examples"):
        train("bootstrap", rows(15))
