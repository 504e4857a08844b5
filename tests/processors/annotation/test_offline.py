"""The offline model as an annotator: it says what the prompt says, and is right as often as that is."""

from random import Random
from typing import Any

import pytest

from adapters.language_model import LanguageModelConfiguration, connect
from models.labels import trust_of
from processors.annotation import AutoLabels, LLMAutoAnnotator
from signalbox.events import AgentCard, Annotation, AnnotationRequest, Signals, moment_at
from tests.adapters.offline_prompts import AGENTS, WORDS, queries
from tests.processors.annotation.requests import persons, request
from tests.processors.builders import NOON

CARDS = {
    agent: AgentCard(
        tenant_id="acme",
        occurred_at=moment_at(NOON),
        agent=agent,
        description=f"Serves whoever looks for a {words[0]} or {words[1]}.",
    )
    for agent, words in WORDS.items()
}


def annotated(requests: list[AnnotationRequest], **shown: Any) -> AutoLabels:
    model = connect(LanguageModelConfiguration())
    return LLMAutoAnnotator(model.lm, model.name, demos=60).annotate(requests, NOON, **shown)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"agent_success": False}, "wrong_routing"),
        ({"error_class": "Timeout"}, "wrong_routing"),
        ({"agent_success": True, "search_quality": 0.9}, "correct_routing"),
        ({"agent_success": True, "user_satisfaction": 0.1}, "ambiguous"),
        ({"search_quality": 0.5}, "ambiguous"),
        ({"reward": 0.1}, "wrong_routing"),
        ({"result_count": 3}, "insufficient_info"),
        ({}, "insufficient_info"),
    ],
)
def test_it_says_what_the_outcome_says_and_asks_for_a_person(outcome: dict[str, Any], expected: str) -> None:
    found = annotated([request(**outcome)])
    assert found.failures == []
    (label,) = found.annotations
    assert (label.label, label.suggested_agent, label.requires_review) == (expected, None, True)
    assert label.annotator == "llm:offline/in-context-1"
    assert "offline model's reading" in label.reasoning
    assert (label.confidence > 0.7) == (
        expected in {"wrong_routing", "correct_routing"} or "search_quality" in outcome
    )


@pytest.mark.parametrize(
    ("changes", "suggested"),
    [
        ({"query": "any footage of bees"}, "video_agent"),
        ({"query": "the paper on bees"}, "text_agent"),
        ({"query": "something on bees"}, None),
        ({"query": "footage", "chosen_agent": "video_agent"}, None),
        ({"query": "footage", "agent_success": True}, None),
        ({"query": "footage", "candidate_agents": ("report_agent", "text_agent")}, None),
    ],
)
def test_it_suggests_whose_description_has_words_of_the_query(
    changes: dict[str, Any], suggested: str | None
) -> None:
    given: dict[str, Any] = {
        "chosen_agent": "report_agent",
        "candidate_agents": tuple(AGENTS),
        "agent_success": False,
    }
    found = annotated([request(**(given | changes))], cards=CARDS)
    assert found.annotations[0].suggested_agent == suggested


def planted(count: int, seed: int) -> list[tuple[AnnotationRequest, Annotation]]:
    """Decisions, half of them wrong, with outcomes that mostly tell; and what one who knows says of each."""
    chance, rows = Random(seed + 1000), []
    for place, (query, right) in enumerate(queries(count, seed)):
        chosen = right if chance.random() < 0.55 else chance.choice([each for each in AGENTS if each != right])
        good = chosen == right
        signals: dict[str, Any] = {}
        if chance.random() < 0.85:
            signals["agent_success"] = chance.random() < (0.92 if good else 0.25)
        if chance.random() < 0.5:
            signals["search_quality"] = min(max(chance.gauss(0.8 if good else 0.35, 0.15), 0.0), 1.0)
        asked = request(
            f"{seed}-{place}",
            query=query,
            chosen_agent=chosen,
            candidate_agents=tuple(AGENTS),
            outcome=Signals(**signals) if signals else None,
        )
        said = persons(asked, "correct_routing") if good else persons(asked, "wrong_routing", right)
        rows.append((asked, said))
    return rows


@pytest.mark.parametrize("seed", [1, 2])
def test_it_agrees_with_people_as_far_as_outcomes_tell(seed: int) -> None:
    rows = planted(80, seed)
    truth = {asked.decision_id: said for asked, said in rows}
    found = annotated([asked for asked, _ in rows], cards=CARDS)
    telling = [each for each in found.annotations if each.label in {"correct_routing", "wrong_routing"}]
    (agreement,) = trust_of([*telling, *(truth[each.decision_id] for each in telling)], 0.7).values()
    assert agreement.share is not None
    assert agreement.common > 60
    assert agreement.share > 0.8
    suggested = [each for each in telling if each.suggested_agent]
    right = [each.suggested_agent == truth[each.decision_id].suggested_agent for each in suggested]
    assert len(suggested) > 10
    assert sum(right) / len(right) > 0.9


def test_peoples_labels_teach_it_to_suggest_and_to_need_no_review() -> None:
    rows, shown = planted(60, 3), planted(60, 77)
    truth = {asked.decision_id: said for asked, said in rows}
    taught = annotated([asked for asked, _ in rows], demos=shown).annotations
    suggested = [each for each in taught if each.suggested_agent]
    right = [each.suggested_agent == truth[each.decision_id].suggested_agent for each in suggested]
    assert len(suggested) > 3
    assert sum(right) / len(right) > 0.5
    assert any(not each.requires_review for each in taught)


def test_the_same_requests_get_the_same_labels() -> None:
    requests = [asked for asked, _ in planted(12, 5)]
    assert annotated(requests, cards=CARDS) == annotated(requests, cards=CARDS)
