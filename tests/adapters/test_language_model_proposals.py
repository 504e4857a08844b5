"""The offline model's answers to the optimisers' own prompts, in the forms that DSPy 3.4 writes."""

import contextlib
import io
from typing import Any

import dspy
import pytest
from dspy.propose.grounded_proposer import generate_instruction_class
from dspy.teleprompt.simba_utils import OfferFeedback

from adapters.language_model.offline import complete, offline_lm
from tests.adapters.offline_prompts import AGENTS, Routing, parse, prompt, queries

RULE = 'When the query mentions "clip", recommended_agent is video_agent.'
MODULE = "Predict(query, candidates) -> reasoning, recommended_agent, confidence"


class Reflection(dspy.Signature):
    """Write a new instruction."""

    current_instruction: str = dspy.InputField()
    examples_with_feedback: list[dict[str, Any]] = dspy.InputField()
    new_instruction: str = dspy.OutputField()


def proposal(rollout: int | None = None, **inputs: str) -> str:
    signature = generate_instruction_class(use_instruct_history=False, use_tip=False).signature
    known = dict.fromkeys(signature.input_fields, "none") | {"module": MODULE} | inputs
    text = complete(prompt(signature, known), None if rollout is None else 1.0, rollout)
    return str(parse(signature, text)["proposed_instruction"])


def test_mipro_gets_the_rules_of_the_dataset_in_the_instruction() -> None:
    summary = (
        RULE
        + ' When the query mentions "x", source is file. When the query mentions "tea", recommended_agent is a.'
    )
    other = 'When the query mentions "essay", recommended_agent is text_agent.'
    assert proposal(dataset_description=summary + other, basic_instruction="Choose the agent.") == "\n".join(
        ["Choose the agent.", 'When the query mentions "tea", recommended_agent is a.', other, RULE]
    )


def test_mipro_keeps_the_rules_that_the_instruction_has() -> None:
    both = proposal(dataset_description=RULE, basic_instruction=f"Choose.\n{RULE}")
    assert both == 'Choose.\nWhen the query mentions "clip" (2), recommended_agent is video_agent.'


def test_proposals_vary_with_the_rollout() -> None:
    words = RULE + RULE.replace("video", "text") + RULE.replace("clip", "essay").replace("video", "text")
    found = {proposal(rollout, dataset_description=words, basic_instruction="Choose.") for rollout in range(9)}
    assert len(found) > 1
    assert proposal(3, dataset_description=words) == proposal(3, dataset_description=words)


def reflected(feedback: str, current: str = "Choose.") -> str:
    row = {
        "Inputs": {"query": "a clip of frogs", "candidates": AGENTS},
        "Generated Outputs": {"reasoning": "r", "recommended_agent": "text_agent", "confidence": 0.5},
        "Feedback": feedback,
    }
    inputs = {"current_instruction": current, "examples_with_feedback": [row]}
    text = complete(prompt(Reflection, inputs, as_json=True))
    return str(parse(Reflection, text, as_json=True)["new_instruction"])


def test_gepa_gets_what_the_feedback_says_beside_the_rules_that_there_are() -> None:
    other = 'When the query mentions "essay", recommended_agent is text_agent.'
    assert reflected(
        "Wrong: recommended_agent is video_agent, not text_agent.", f"Choose.\n{other}"
    ) == "\n".join(
        ["Choose.", other, 'When the query mentions "clip" or "frogs", recommended_agent is video_agent.']
    )
    assert reflected("Wrong: text_agent did badly with this query.") == "Choose."


@pytest.mark.parametrize(
    ("oracle", "rewards", "advice"),
    [
        ('{"recommended_agent": "video_agent"}', ("0.0", "0.0"), "video_agent"),
        ("{}", ("1.0", "0.0"), "report_agent"),
        ('{"recommended_agent": null}', ("0.5", "0.5"), None),
    ],
)
def test_simba_gets_advice_from_the_label_or_else_from_the_better_trajectory(
    oracle: str, rewards: tuple[str, str], advice: str | None
) -> None:
    step = (
        '[{"module_name": "predict", "inputs": {"query": "a clip of frogs",'
        ' "candidates": "video_agent, report_agent"},'
        ' "outputs": {"recommended_agent": "report_agent", "confidence": "0.5"}}]'
    )
    known: dict[str, Any] = dict.fromkeys(OfferFeedback.input_fields, "{}")
    known |= {"oracle_metadata": oracle, "better_program_trajectory": step, "module_names": ["predict"]}
    known |= {
        "better_reward_value": rewards[0],
        "worse_reward_value": rewards[1],
        "worse_program_trajectory": "[]",
    }
    answer = parse(OfferFeedback, complete(prompt(OfferFeedback, known)))
    rule = f'When the query mentions "clip" or "frogs", recommended_agent is {advice}.'
    assert answer["module_advice"] == {"predict": rule if advice else "Answer in the form that is asked for."}


def test_a_task_with_an_output_of_the_same_name_is_a_task() -> None:
    task = dspy.Signature("article -> summary")
    shown = [{"article": "frogs in rivers", "summary": "frogs"}, {"article": "trains", "summary": "rail"}]
    assert parse(task, complete(prompt(task, {"article": "rivers and frogs"}, shown)))["summary"] == "frogs"


def right(gold: Any, pred: Any, trace: Any = None) -> float:
    return float(gold.recommended_agent == pred.recommended_agent)


def test_miprov2_and_gepa_improve_the_program_clearly() -> None:
    """The whole way through DSPy: what it shows is read, and what is proposed is followed."""
    rows = [
        dspy.Example(query=query, candidates=AGENTS, recommended_agent=agent).with_inputs("query", "candidates")
        for query, agent in queries(110, seed=7)
    ]
    train, val, test = rows[:50], rows[50:70], rows[70:]

    def explained(
        gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
    ) -> Any:
        score = right(gold, pred)
        feedback = "Right." if score else f"Wrong: recommended_agent is {gold.recommended_agent}, not that."
        return dspy.Prediction(score=score, feedback=feedback)

    def share(program: Any) -> float:
        return sum(right(row, program(**row.inputs())) for row in test) / len(test)

    quiet = {"auto": None, "num_candidates": 3, "num_threads": 1, "metric_threshold": 1.0}
    lm = offline_lm()
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        dspy.context(lm=lm, disable_history=True),
    ):
        student = dspy.ChainOfThought(Routing)
        before = share(student)
        mipro = dspy.MIPROv2(metric=right, **quiet).compile(
            student, trainset=train, valset=val, num_trials=4, minibatch=False
        )
        gepa = dspy.GEPA(
            metric=explained, max_metric_calls=150, reflection_lm=lm, num_threads=1, reflection_minibatch_size=6
        ).compile(student, trainset=train, valset=val[:10])
        assert before < 0.4
        assert share(mipro) > 0.8
        assert share(gepa) > before + 0.2
