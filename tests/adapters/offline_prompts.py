"""Prompts as DSPy's adapters write them, and a small routing task, for the tests of the offline model."""

from __future__ import annotations

import random
from typing import Any, Literal

import dspy

from adapters.language_model.offline.prompt import Message

WORDS = {
    "video_agent": ["clip", "footage", "recording"],
    "text_agent": ["article", "paper", "essay"],
    "image_agent": ["picture", "photo", "diagram"],
    "summary_agent": ["overview", "digest", "recap"],
    "report_agent": ["statistics", "figures", "metrics"],
}
AGENTS = list(WORDS)
TOPICS = ["robots", "turbines", "harbour", "frogs", "trains", "chess", "bees", "rivers", "coffee", "bridges"]
FORMS = ["find {word} of {topic}", "any {topic} {word}?", "I need the {word} on {topic}", "{topic}, {word}"]


class Routing(dspy.Signature):
    """Choose the agent that serves the query best."""

    query: str = dspy.InputField(desc="What the user asked.")
    candidates: list[str] = dspy.InputField(desc="The agents that can be chosen.")
    recommended_agent: str = dspy.OutputField(desc="One of the candidates.")
    confidence: float = dspy.OutputField(desc="From 0 to 1.")


class Kinds(dspy.Signature):
    """Judge the decision."""

    query: str = dspy.InputField()
    label: Literal["right choice", "wrong choice"] = dspy.OutputField()
    useful: bool = dspy.OutputField()
    level: str = dspy.OutputField(desc="simple or complex.")
    tags: list[str] = dspy.OutputField()
    notes: dict[str, str] = dspy.OutputField()
    count: int = dspy.OutputField()


def prompt(
    signature: Any,
    inputs: dict[str, Any],
    demos: Any = (),
    *,
    instruction: str | None = None,
    as_json: bool = False,
) -> list[Message]:
    """The messages of one call, as (role, text)."""
    if instruction is not None:
        signature = signature.with_instructions(instruction)
    adapter = dspy.JSONAdapter() if as_json else dspy.ChatAdapter()
    return [(message["role"], message["content"]) for message in adapter.format(signature, list(demos), inputs)]


def parse(signature: Any, text: str, *, as_json: bool = False) -> dict[str, Any]:
    """The answer as DSPy reads it; it raises for one that is malformed."""
    adapter = dspy.JSONAdapter() if as_json else dspy.ChatAdapter()
    answer: dict[str, Any] = adapter.parse(signature, text)
    return answer


def queries(count: int, seed: int) -> list[tuple[str, str]]:
    """Queries, each with the agent that is right for it: one of its words says so."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        agent = chance.choice(AGENTS)
        form, word, topic = chance.choice(FORMS), chance.choice(WORDS[agent]), chance.choice(TOPICS)
        found.append((form.format(word=word, topic=topic), agent))
    return found


def demos(rows: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Demonstrations of the routing task, without reasoning and confidence, as `LabeledFewShot` has them."""
    return [{"query": query, "candidates": AGENTS, "recommended_agent": agent} for query, agent in rows]
