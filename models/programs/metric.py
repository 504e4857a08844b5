"""How good an answer is: the metric of all optimisers, with the reason in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from models.programs.example import ProgramExample
from signalbox.errors import AnswerError
from signalbox.program import SignatureSpec, read_answer

UNTRIED = 0.5
"""What an agent may be expected to earn of whom nothing is known."""
RIGHT = 0.999
"""From here on an answer is right in every field."""


class Judgement(NamedTuple):
    """The score of an answer in [0, 1], and why."""

    score: float
    feedback: str


def judge(spec: SignatureSpec, example: ProgramExample, answer: Mapping[str, Any] | None) -> Judgement:
    """The share of the judged outputs that are right; 0 for a malformed answer.

    Where no right answer is known, an agent that proved bad gets 0 and another what it is expected to earn.
    """
    try:
        found = read_answer(spec, dict(answer or {}), example.candidates)
    except AnswerError as error:
        return Judgement(0.0, f"Malformed answer. {error}.")
    if example.outputs is None:
        return _avoiding(spec, example, found)
    right = example.outputs
    wrong = [name for name in spec.judged if found[name].casefold() != right[name].strip().casefold()]
    score = 1.0 - len(wrong) / len(spec.judged)
    if not wrong:
        return Judgement(1.0, _sentence("Right.", example.feedback))
    faults = [f"{name} is {right[name]}, not {found[name]}." for name in wrong]
    return Judgement(score, _sentence("Wrong: " + " ".join(faults), example.feedback))


def _avoiding(spec: SignatureSpec, example: ProgramExample, found: Mapping[str, str]) -> Judgement:
    agent = found[spec.agent or ""]
    if agent in example.avoided:
        return Judgement(0.0, _sentence(f"Wrong: {agent} did badly with this query.", example.feedback))
    score = example.expected.get(agent, UNTRIED)
    return Judgement(score, f"{agent} was not tried with this query; it may be expected to earn {score:.2f}.")


def _sentence(opening: str, rest: str) -> str:
    return f"{opening} {rest}" if rest else opening


def example_of(gold: Any) -> ProgramExample:
    """The row behind an example of DSPy's that `task.dspy_examples` made."""
    row: ProgramExample = gold._row
    return row


def score_metric(spec: SignatureSpec) -> Callable[..., float]:
    """The metric as a plain number, for Bootstrap and MIPROv2: to them a `Prediction` with score 0 is true."""

    def metric(gold: Any, pred: Any, trace: Any = None) -> float:
        del trace
        return judge(spec, example_of(gold), pred).score

    return metric


def feedback_metric(spec: SignatureSpec) -> Callable[..., Any]:
    """The metric with its reason, for SIMBA and GEPA, which show the reason to the language model."""
    import dspy

    def metric(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        del trace, pred_name, pred_trace
        judgement = judge(spec, example_of(gold), pred)
        return dspy.Prediction(score=judgement.score, feedback=judgement.feedback)

    return metric
