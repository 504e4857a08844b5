"""The metric tells right from wrong (predecessor, group 18), and says why."""

import dspy
import pytest

from models.programs import ProgramExample, judge
from models.programs.metric import feedback_metric, score_metric
from models.programs.optimisers.task import dspy_examples
from signalbox.program import QUERY_ANALYSIS
from tests.models.logs import AGENTS
from tests.models.programs.routing_rows import SPEC, row, rows

ANSWER = {"reasoning": "r", "recommended_agent": "alpha", "confidence": "0.8"}


def test_swapped_labels_make_the_score_fall_from_one_to_nothing() -> None:
    right, swapped = rows(40), rows(40, shift=1)
    answers = [example.outputs for example in right]
    assert all(
        judge(SPEC, example, answer).score == 1.0 for example, answer in zip(right, answers, strict=True)
    )
    assert all(
        judge(SPEC, example, answer).score == 0.0 for example, answer in zip(swapped, answers, strict=True)
    )


def test_the_feedback_names_the_right_answer_and_its_reason() -> None:
    wrong = judge(SPEC, row("q", "beta", feedback="It needs pictures."), ANSWER)
    assert wrong == (0.0, "Wrong: recommended_agent is beta, not alpha. It needs pictures.")
    assert judge(SPEC, row("q", "alpha"), ANSWER) == (1.0, "Right.")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (None, "recommended_agent: missing"),
        ({}, "recommended_agent: missing"),
        ({**ANSWER, "recommended_agent": "omega"}, "'omega' is not one of"),
        ({**ANSWER, "confidence": "high"}, "confidence: 'high'"),
    ],
)
def test_a_malformed_answer_scores_nothing(answer: dict[str, str] | None, problem: str) -> None:
    for example in (row("q", "alpha"), row("q", None, avoided=("beta",))):
        score, feedback = judge(SPEC, example, answer)
        assert score == 0.0
        assert feedback.startswith("Malformed answer.")
        assert problem in feedback


def test_where_only_a_bad_agent_is_known_others_earn_what_may_be_expected() -> None:
    example = row("q", None, avoided=("beta",), expected={"gamma": 0.9}, feedback="beta earned 0.10 of 1.")
    scores = {agent: judge(SPEC, example, {**ANSWER, "recommended_agent": agent}) for agent in AGENTS}
    assert {agent: each.score for agent, each in scores.items()} == {
        "alpha": 0.5,
        "beta": 0.0,
        "gamma": 0.9,
        "delta": 0.5,
    }
    assert scores["beta"].feedback == "Wrong: beta did badly with this query. beta earned 0.10 of 1."


def test_several_outputs_count_equally_and_unjudged_ones_not() -> None:
    outputs = dict.fromkeys(QUERY_ANALYSIS.outputs, "true") | {"complexity_level": "simple"}
    example = ProgramExample(name="x", inputs={"query": "q", "context": ""}, outputs=outputs)
    two_wrong = outputs | {"primary_intent": "other", "complexity_level": "Complex"}
    assert judge(QUERY_ANALYSIS, example, two_wrong).score == pytest.approx(4 / 6)
    assert judge(QUERY_ANALYSIS, example, outputs | {"primary_intent": "TRUE"}).score == 1.0
    assert judge(SPEC, row("q", "alpha"), {**ANSWER, "confidence": "0.1"}).score == 1.0


def test_as_dspy_takes_it_a_score_of_nothing_is_false_and_the_reason_is_kept() -> None:
    (gold,) = dspy_examples([row("q", "beta", weight=3.0, feedback="why")])
    prediction = dspy.Prediction(**ANSWER)
    score = score_metric(SPEC)(gold, prediction, None)
    assert (type(score), bool(score)) == (float, False)
    judged = feedback_metric(SPEC)(gold, prediction, None, None, None)
    assert (judged.score, judged.feedback) == (0.0, "Wrong: recommended_agent is beta, not alpha. why")
    assert set(gold.keys()) == {*SPEC.inputs, *SPEC.outputs}
