"""What a person's keys do: labels that are published or said not to be, and nothing lost in between."""

from datetime import timedelta
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from signalbox.errors import ConfigurationError
from signalbox.events import Annotation, AnnotationRequest
from streams.annotating.backlog import Wanted
from streams.annotating.conversation import Conversation
from streams.annotating.keys import ENTER, ESCAPE
from streams.annotating.session import Session
from tests.streams.annotating.support import NOW, Topics, Typed, model_label, request


async def work(topics: Topics, typed: Typed, limit: int | None = None) -> tuple[str, str]:
    """What was said, and the summary."""
    console = Console(file=StringIO(), width=120)
    session = Session(topics, Conversation(typed, console), "ada", Wanted(), lambda: NOW + timedelta(minutes=1))
    await session.run(limit)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue(), session.summary()


def said(labels: list[Annotation]) -> list[tuple[str, str, str | None]]:
    return [(each.decision_id, each.label, each.suggested_agent) for each in labels]


async def test_every_key_has_its_label_and_the_most_urgent_request_comes_first() -> None:
    topics = Topics(request(f"d-{number}", number) for number in range(7, 0, -1))
    keys = ("c", "w", "3", "w", ENTER, "a", "I", "s", "r", "named no video", "c")
    _, summary = await work(topics, Typed(*keys))
    assert said(topics.published) == [
        ("d-1", "correct_routing", None),
        ("d-2", "wrong_routing", "report"),
        ("d-3", "wrong_routing", None),
        ("d-4", "ambiguous", None),
        ("d-5", "insufficient_info", None),
        ("d-7", "correct_routing", None),
    ]
    assert [each.reasoning for each in topics.published] == [*[""] * 5, "named no video"]
    assert summary == "6 labels published by ada, 1 skipped and still open"


async def test_the_question_which_agent_was_right_can_be_called_off() -> None:
    topics = Topics([request()])
    text, _ = await work(topics, Typed("w", "1", "7", "x", ESCAPE, "w", "2"))
    assert said(topics.published) == [("d-1", "wrong_routing", "summarizer")]
    assert text.count("is none of 2, 3") == 3
    assert "called off" in text


async def test_more_agents_than_keys_are_typed_as_numbers() -> None:
    topics = Topics([request(candidate_agents=tuple(f"agent_{n}" for n in range(20)), chosen_agent="agent_0")])
    await work(topics, Typed("w", "17"))
    assert said(topics.published) == [("d-1", "wrong_routing", "agent_16")]


async def test_a_choice_without_alternative_is_wrong_without_a_question() -> None:
    topics = Topics([request(candidate_agents=("video_search",))])
    await work(topics, Typed("w"))
    assert said(topics.published) == [("d-1", "wrong_routing", None)]


async def test_approving_repeats_the_model_s_label_under_its_name() -> None:
    topics = Topics([request(), request("d-2", 5), request("d-3", 6), model_label(), model_label("d-3")])
    topics.events.append(model_label("d-3", annotator="another", label="ambiguous", confidence=0.5))
    text, summary = await work(topics, Typed("p", "p", "s", "p", "2"))
    assert [(each.annotator, each.approved_by) for each in topics.published] == [
        ("offline-rules", "ada"),
        ("another", "ada"),
    ]
    assert "there is no model's label to approve" in text
    assert summary == "2 labels published by ada, 1 skipped and still open"


async def test_undo_takes_back_and_shows_the_request_again() -> None:
    topics = Topics([request(), request("d-2", 5)])
    text, summary = await work(topics, Typed("u", "c", "u", "w", "2", "s", "u", "a", "q"))
    assert said(topics.published) == [
        ("d-1", "correct_routing", None),
        ("d-1", "insufficient_info", None),
        ("d-1", "wrong_routing", "summarizer"),
        ("d-2", "ambiguous", None),
    ]
    assert "there is nothing to undo" in text
    assert summary == "2 labels published by ada"


async def test_undoing_an_approval_puts_the_model_s_label_back_in_its_place() -> None:
    topics = Topics([request(), model_label()])
    await work(topics, Typed("p", "u", "q"), limit=1)
    approval, back = topics.published
    assert back == replace(model_label(), occurred_at=back.occurred_at)
    assert back.occurred_at > approval.occurred_at


async def test_a_label_that_kafka_did_not_take_is_said_and_can_be_pressed_again() -> None:
    topics = Topics([request()])
    topics.failing = 1
    text, summary = await work(topics, Typed("c", "c"))
    assert "NOT published: Kafka: KafkaTimeoutError: no broker" in text
    assert said(topics.published) == [("d-1", "correct_routing", None)]
    assert summary == "1 label published by ada"
    topics = Topics([request()])
    topics.failing = 2
    _, summary = await work(topics, Typed("c", "c", "q"))
    assert summary == "0 labels published by ada"


async def test_what_another_person_has_labelled_meanwhile_is_not_shown() -> None:
    topics = Topics([request(), request("d-2", 5), request("d-3", 6)])
    other = model_label("d-2", annotator="eve", kind="human", requires_review=False)

    class Meanwhile(Typed):
        async def key(self) -> str:
            if other not in topics.events:
                topics.events.append(other)
            return await super().key()

    await work(topics, Meanwhile("c", "c", "c"))
    assert [each.decision_id for each in topics.published] == ["d-1", "d-3"]


@pytest.mark.parametrize("keys", [("z",), ("p",), ("u",), ("w", "1")])
async def test_a_script_that_presses_a_useless_key_ends_before_its_next_line(keys: tuple[str, ...]) -> None:
    topics = Topics([request(), request("d-2", 5)])
    with pytest.raises(ConfigurationError, match="standard input"):
        await work(topics, Typed(*keys, "c", is_terminal=False))
    assert topics.published == []


@pytest.mark.parametrize(("events", "text"), [([], "nothing is open"), ([request()], "nothing else is open")])
async def test_the_end_of_the_queue_is_said(events: list[AnnotationRequest], text: str) -> None:
    assert text in (await work(Topics(events), Typed("c")))[0]


async def test_the_limit_counts_what_was_dealt_with() -> None:
    topics = Topics(request(f"d-{number}", number) for number in range(5))
    await work(topics, Typed("c", "s", "c"), limit=2)
    assert len(topics.published) == 1


async def test_help_explains_every_key() -> None:
    text, _ = await work(Topics([request()]), Typed("?", "q"))
    help_lines = text.partition("? help")[2]
    for key in "cwaipsruq":
        assert f"\n {key}  " in help_lines
