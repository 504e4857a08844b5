"""Queries whose right agent is known: made from templates, or CLINC150's domains where its files are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.learning.corpus import CLINC150, clinc150
from models.programs import ProgramExample
from signalbox.policy import DecisionFeatures
from signalbox.program import ROUTING_POLICY, inputs_of

Draw = Callable[[int, np.random.Generator], list[ProgramExample]]

# What tells the agents apart: each query names one of its agent's words.
_WORDS = {
    "video_search": "video clip footage movie scene episode trailer animation",
    "image_search": "picture photo drawing diagram painting logo chart map",
    "audio_search": "song podcast recording speech interview melody lecture broadcast",
    "text_search": "article document paper passage page quote book manual",
    "summarizer": "summary overview brief recap gist digest outline abstract",
}
_TOPICS = "robots whales bridges vaccines football chess rivers volcanoes trains budgets elections bread"
_TEMPLATES = (
    "I need a {word} about {topic}",
    "find the {word} on {topic} from yesterday",
    "can you get me a {word} of {topic}",
    "{topic}: {word} please",
    "show me every {word} with {topic} in it",
    "give me one {word} on {topic} for my class",
)


def from_templates(count: int, rng: np.random.Generator) -> list[ProgramExample]:
    """Five agents with eight words each, in six templates about twelve topics."""
    agents = tuple(_WORDS)
    found = []
    for _ in range(count):
        agent = agents[rng.integers(len(agents))]
        word, topic, template = (
            known[rng.integers(len(known))] for known in (_WORDS[agent].split(), _TOPICS.split(), _TEMPLATES)
        )
        found.append(_example(template.format(word=word, topic=topic), agent, agents))
    return found


def from_clinc(count: int, rng: np.random.Generator) -> list[ProgramExample]:
    """People's queries; the ten domains are the agents."""
    texts = clinc150(CLINC150)
    agents = tuple(f"agent_{place}" for place in range(texts.domains))
    places = rng.choice(len(texts.train.texts), count, replace=False)
    chosen = texts.train.take(places)
    return [
        _example(query, agents[texts.domain_of[intent]], agents)
        for query, intent in zip(chosen.texts, chosen.intents, strict=True)
    ]


def sources() -> dict[str, Draw]:
    """The sets that are there, by name."""
    found: dict[str, Draw] = {"templates": from_templates}
    if (CLINC150 / "data_full.json").exists():
        found["clinc10"] = from_clinc
    return found


def _example(query: str, agent: str, agents: Sequence[str]) -> ProgramExample:
    return ProgramExample(
        name=query,
        inputs=inputs_of(ROUTING_POLICY, DecisionFeatures(query), agents),
        outputs={"recommended_agent": agent, "confidence": "0.90"},
        candidates=tuple(agents),
    )
