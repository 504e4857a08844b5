"""Labels of a language model: read strictly, retried, and never made up."""

from typing import Any

import dspy
import pytest
from dspy import lm15

from adapters.language_model import LanguageModelConfiguration, connect
from processors.annotation import LLMAutoAnnotator
from processors.annotation.auto import outcome_text
from signalbox.events import AnnotationRequest, Signals, moment_at
from tests.processors.builders import NOON

GOOD = {
    "reasoning": "It asks for a text.",
    "label": "wrong_routing",
    "suggested_agent": "text",
    "confidence": "0.9",
}


class Scripted:
    """Answers with the scripted outputs, one a call; a string is an error's message."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def complete(self, request: Any) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, str):
            raise lm15.ServerError(answer)
        text = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in answer.items())
        return lm15.Response(
            id=None,
            model=request.model,
            message=lm15.Message.assistant([lm15.TextPart(text + "\n\n[[ ## completed ## ]]")]),
            finish_reason="stop",
            usage=lm15.Usage(input_tokens=1, output_tokens=1),
        )


def request(decision_id: str = "d1", **outcome: Any) -> AnnotationRequest:
    return AnnotationRequest(
        tenant_id="acme",
        occurred_at=moment_at(NOON),
        decision_id=decision_id,
        priority="high",
        reason="failed",
        due_at=moment_at(NOON + 60.0),
        query="show the text of the treaty",
        chosen_agent="video",
        candidate_agents=("video", "text"),
        confidence=0.4,
        outcome=Signals(**outcome) if outcome else None,
        decided_at=moment_at(NOON - 60.0),
    )


def annotator(*answers: Any, retries: int = 0) -> LLMAutoAnnotator:
    lm = dspy.LM("test/scripted", engine=Scripted(*answers), cache=False, num_retries=0)
    return LLMAutoAnnotator(lm, "scripted", concurrency=1, retries=retries)


def test_a_good_answer_is_a_label() -> None:
    found = annotator(GOOD).annotate([request()], NOON)
    assert found.failures == []
    (label,) = found.annotations
    assert (label.label, label.suggested_agent, label.confidence) == ("wrong_routing", "text", 0.9)
    assert (label.annotator, label.kind, label.requires_review) == ("llm:scripted", "llm", False)
    assert (label.reasoning, label.decided_at) == ("It asks for a text.", moment_at(NOON - 60.0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": "meh"}, "label"),
        ({"confidence": "very"}, "confidence"),
        ({"confidence": "1.5"}, "confidence"),
        ({"suggested_agent": "audio"}, "suggested_agent"),
    ],
)
def test_a_malformed_answer_is_a_failure_and_no_label(change: dict[str, str], said: str) -> None:
    found = annotator(GOOD | change).annotate([request()], NOON)
    assert found.annotations == []
    assert found.failures[0][0] == "d1"
    assert said in found.failures[0][1]


def test_it_is_asked_again_and_what_stays_wrong_spoils_no_other() -> None:
    bad = GOOD | {"label": "meh"}
    found = annotator(bad, GOOD, bad, bad, retries=1).annotate([request("d1"), request("d2")], NOON)
    assert [each.decision_id for each in found.annotations] == ["d1"]
    assert [each for each, _ in found.failures] == ["d2"]


def test_an_error_of_the_language_model_is_a_failure() -> None:
    found = annotator("out of order").annotate([request()], NOON)
    assert (found.annotations, len(found.failures)) == ([], 1)
    assert "out of order" in found.failures[0][1]


def test_what_is_unsure_asks_for_a_person() -> None:
    found = annotator(GOOD | {"confidence": "0.5"}, GOOD | {"label": "ambiguous", "suggested_agent": "none"})
    labels = found.annotate([request("d1"), request("d2")], NOON).annotations
    assert [each.requires_review for each in labels] == [True, True]
    assert labels[1].suggested_agent is None


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"agent_success": False}, "wrong_routing"),
        ({"agent_success": True, "search_quality": 0.9}, "correct_routing"),
        ({}, "insufficient_info"),
    ],
)
def test_the_offline_model_says_what_the_outcome_says(outcome: dict[str, Any], expected: str) -> None:
    model = connect(LanguageModelConfiguration())
    found = LLMAutoAnnotator(model.lm, model.name).annotate([request(**outcome)], NOON)
    assert found.failures == []
    assert (found.annotations[0].label, found.annotations[0].suggested_agent) == (expected, None)


def test_an_outcome_in_words() -> None:
    told = request(agent_success=False, search_quality=0.25, processing_time_s=1.5)
    assert outcome_text(told) == "the agent failed, search quality 0.25, 1.50 s"
    assert outcome_text(request()) == "nothing is known"
