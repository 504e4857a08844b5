"""What the offline model does where an answer may be none, goes by an earlier one, or has a description."""

from typing import Any

import dspy
import pytest

from adapters.language_model.offline import complete
from tests.adapters.offline_prompts import parse, prompt


class Judging(dspy.Signature):
    """Judge.
    When the outcome mentions "failed", label is wrong. When the outcome mentions "succeeded", label is right.
    When the label mentions "right" (99), better_agent is none."""

    query: str = dspy.InputField()
    agents: str = dspy.InputField(desc="Separated by commas.")
    descriptions: str = dspy.InputField()
    outcome: str = dspy.InputField()
    label: str = dspy.OutputField(desc="right or wrong.")
    better_agent: str = dspy.OutputField(desc="One of the agents, or none.")


FAILED = {
    "query": "a clip of frogs",
    "agents": "video, text",
    "descriptions": "unknown",
    "outcome": "It failed.",
}
CARDS = "video: Finds any clip.\ntext: Finds essays."


def judged(shown: Any = (), **changes: str) -> tuple[str, str]:
    found = parse(Judging, complete(prompt(Judging, FAILED | changes, shown)))
    return found["label"], found["better_agent"]


def demo(query: str, better: str, **changes: str) -> dict[str, str]:
    return FAILED | {"query": query, "label": "wrong", "better_agent": better} | changes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "none"),
        ({"descriptions": CARDS}, "video"),
        ({"descriptions": CARDS, "query": "an essay"}, "text"),
        ({"descriptions": CARDS, "query": "a song"}, "none"),
        ({"descriptions": CARDS, "query": "an essay and a clip"}, "none"),
        ({"descriptions": CARDS, "agents": "text"}, "none"),
        ({"query": "text: clip\nvideo: clip"}, "none"),
    ],
)
def test_an_optional_value_is_answered_only_where_something_speaks_for_it(
    changes: dict[str, str], expected: str
) -> None:
    assert judged(**changes) == ("wrong", expected)


def test_a_rule_may_go_by_an_answer_before() -> None:
    assert judged(descriptions=CARDS, outcome="It succeeded.") == ("right", "none")


def test_a_demo_speaks_for_an_optional_value_only_where_the_same_is_asked() -> None:
    shown = [demo("clips, of frogs", "video"), demo("an essay", "text"), demo("the tea", "none")]
    assert judged(shown) == ("wrong", "video")
    assert judged(shown, query="a song") == ("wrong", "none")
    assert judged(shown, query="the tea") == ("wrong", "none")
