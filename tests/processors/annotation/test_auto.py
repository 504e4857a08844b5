"""Labels of a language model: read strictly, retried, and never made up."""

import json
from typing import Any

import pytest
from dspy import lm15
from msgspec.structs import replace

from adapters.language_model import BudgetExceeded, Cancelled, LanguageModelConfiguration, connect
from processors.annotation import LLMAutoAnnotator
from signalbox.events import AgentCard, moment_at
from tests.adapters.offline_server import KEY, Reply, serving
from tests.processors.annotation.requests import GOOD, Scripted, chat, persons, request, scripted_lm
from tests.processors.builders import NOON

BAD = GOOD | {"label": "meh"}


def annotator(*answers: Any, retries: int = 0, **settings: Any) -> LLMAutoAnnotator:
    lm = scripted_lm(Scripted(*answers))
    return LLMAutoAnnotator(lm, "scripted", concurrency=1, retries=retries, **settings)


def test_a_good_answer_is_a_label() -> None:
    found = annotator(GOOD).annotate([request()], NOON)
    assert found.failures == []
    (label,) = found.annotations
    assert (label.label, label.suggested_agent, label.confidence) == ("wrong_routing", "text", 0.9)
    assert (label.annotator, label.kind, label.requires_review) == ("llm:scripted", "llm", False)
    assert (label.tenant_id, label.occurred_at) == ("acme", moment_at(NOON))
    assert (label.reasoning, label.decided_at) == ("It asks for a text.", moment_at(NOON - 60.0))


def test_an_annotators_name_fits_an_event() -> None:
    (label,) = LLMAutoAnnotator(scripted_lm(Scripted(GOOD)), "m" * 500).annotate([request()], NOON).annotations
    assert label.annotator == "llm:" + "m" * 124


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"label": "meh"}, "label"),
        ({"label": ""}, "label"),
        ({"confidence": "very"}, "confidence"),
        ({"confidence": "1.5"}, "confidence"),
        ({"confidence": "nan"}, "confidence"),
        ({"suggested_agent": "audio"}, "suggested_agent"),
        ({"suggested_agent": "video"}, "suggested_agent: 'video' contradicts the label wrong_routing"),
        ({"label": "insufficient_info"}, "suggested_agent: 'text' contradicts the label insufficient_info"),
        ({"requires_human_review": "perhaps"}, "requires_human_review"),
    ],
)
def test_a_malformed_answer_is_a_failure_and_no_label(change: dict[str, str], said: str) -> None:
    found = annotator(GOOD | change).annotate([request()], NOON)
    assert found.annotations == []
    ((decision_id, reason),) = found.failures
    assert decision_id == "d1"
    assert reason.startswith("malformed")
    assert said in reason


@pytest.mark.parametrize(
    "text", ["", '{"label": "wrong_rou', "I think it was wrong.", chat({"label": "ambiguous"})]
)
def test_what_has_not_the_form_is_a_failure(text: str) -> None:
    # DSPy asks once more, for JSON, before it gives up.
    found = annotator(text, text).annotate([request()], NOON)
    assert (found.annotations, len(found.failures)) == ([], 1)


def test_json_in_a_code_fence_is_an_answer() -> None:
    fenced = f"```json\n{json.dumps(GOOD)}\n```"
    (label,) = annotator(fenced, fenced).annotate([request()], NOON).annotations
    assert (label.label, label.confidence) == ("wrong_routing", 0.9)


def test_it_is_asked_again_and_what_stays_wrong_spoils_no_other() -> None:
    found = annotator(BAD, GOOD, BAD, BAD, GOOD, retries=1).annotate([request(f"d{n}") for n in range(3)], NOON)
    assert [each.decision_id for each in found.annotations] == ["d0", "d2"]
    assert [each for each, _ in found.failures] == ["d1"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lm15.ServerError("secret prompt"), "didn't answer"),
        (lm15.RateLimitError("secret prompt"), "rate-limited"),
        (RuntimeError("secret prompt"), "no answer that can be read"),
        (BudgetExceeded("the budget of 5 calls is spent"), "the budget of 5 calls is spent"),
    ],
)
def test_an_error_of_the_language_model_is_a_failure(error: BaseException, said: str) -> None:
    found = annotator(error, GOOD, retries=1).annotate([request("d1"), request("d2")], NOON)
    assert [each.decision_id for each in found.annotations] == ["d2"]
    assert said in found.failures[0][1]
    assert "secret" not in found.failures[0][1]


def test_what_is_cancelled_ends() -> None:
    with pytest.raises(Cancelled):
        annotator(Cancelled("stop"), Cancelled("stop")).annotate([request("d1"), request("d2")], NOON)


def test_what_is_unsure_or_says_so_asks_for_a_person() -> None:
    several = {"label": "ambiguous", "suggested_agent": "None."}
    answers = [GOOD | {"confidence": "69%"}, GOOD | several, GOOD | {"requires_human_review": "true"}]
    labels = annotator(*answers).annotate([request(f"d{n}") for n in range(3)], NOON).annotations
    assert [each.requires_review for each in labels] == [True, True, True]
    assert (labels[0].confidence, labels[1].suggested_agent) == (0.69, None)


def test_no_more_than_a_batch_is_asked() -> None:
    found = annotator(GOOD, GOOD, batch=2).annotate([request(f"d{n}") for n in range(5)], NOON)
    assert ([each.decision_id for each in found.annotations], found.skipped) == (["d0", "d1"], 3)
    assert annotator().annotate([], NOON).annotations == []


def test_peoples_labels_and_cards_are_shown_and_no_other_tenants() -> None:
    engine = Scripted(GOOD)
    card = AgentCard(
        tenant_id="acme", occurred_at=moment_at(NOON), agent="text", description="Finds\ntreaties."
    )
    shown = [
        (asked, persons(asked, "wrong_routing", "text"))
        for asked in (request(f"demo{n}", query=f"question {n}") for n in range(3))
    ]
    subject = LLMAutoAnnotator(scripted_lm(engine), "m", demos=2)
    subject.annotate([request(agent_success=False)], NOON, demos=shown, cards={"text": card})
    (prompt,) = engine.prompts
    assert "text: Finds treaties." in prompt
    assert ["question 0" in prompt, "question 1" in prompt, "question 2" in prompt] == [False, True, True]
    for strange in ([request()], [request(tenant_id="other")]):
        foreign = [(replace(each, tenant_id="other"), label) for each, label in shown]
        with pytest.raises(ValueError, match="acme, other"):
            subject.annotate(strange, NOON, demos=foreign)


def test_over_http_failures_are_told_and_calls_are_limited() -> None:
    good = Reply(text=chat(GOOD))
    with serving(good, Reply(500), good, good, Reply(text="?"), Reply(text="?"), good) as server:
        configuration = LanguageModelConfiguration(
            model="openai/m", api_base=server.url, api_key=KEY, retries=0, concurrency=1
        )
        model = connect(configuration, pause=lambda seconds: None)
        subject = LLMAutoAnnotator(model.lm, model.name, concurrency=1, retries=0)
        found = subject.annotate([request(f"d{n}") for n in range(6)], NOON)
    assert [each.decision_id for each in found.annotations] == ["d0", "d2", "d3", "d5"]
    assert dict(found.failures) == {
        "d1": "the language model didn't answer (LMServerError, HTTP 500)",
        "d4": "malformed: the answer has not the form asked for",
    }
    assert {each.annotator for each in found.annotations} == {"llm:openai/m"}


def test_as_many_are_asked_at_a_time_as_allowed() -> None:
    with serving(Reply(text=chat(GOOD))) as server:
        configuration = LanguageModelConfiguration(
            model="openai/m", api_base=server.url, api_key=KEY, concurrency=8, budget_calls=10
        )
        model = connect(configuration)
        found = LLMAutoAnnotator(model.lm, model.name, concurrency=2).annotate(
            [request(f"d{n}") for n in range(12)], NOON
        )
        assert server.most_at_once <= 2
    assert (len(found.annotations), len(found.failures)) == (10, 2)
    assert {reason for _, reason in found.failures} == {"language model: the budget of 10 calls is spent"}
