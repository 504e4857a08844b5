"""What a router of the specification's three agents does before anything is learned: rules on words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

AGENTS = ("video_search_agent", "summarizer_agent", "detailed_report_agent")
"""The specification's agents."""

_SUFFIX = "_agent"
_WORD = re.compile(r"\w+")
_VIDEO = {"video", "videos", "visual", "visuals", "watch", "clip", "clips", "footage"}
_SUMMARY = {"summary", "summaries", "summarize", "summarise", "overview", "overviews", "brief"}
_REPORT = {"detail", "details", "detailed", "analysis", "analyses", "report", "reports"}


class Prediction(NamedTuple):
    """The agent that a router would take by itself, one of its candidates; `confidence` is in [0, 1]."""

    agent: str
    confidence: float
    reasoning: str


def predict(query: str, candidates: Sequence[str]) -> Prediction:
    """The first rule with a word in the query and an agent among the candidates, with or without "_agent".

    Whole words count: "history" holds no "his", "brand new" no "and". Where no rule holds, the video search;
    where that is no candidate, the first of them.
    """
    words = set(_WORD.findall(query.lower()))
    rules = zip(AGENTS, (_VIDEO, _SUMMARY, _REPORT), (0.8, 0.7, 0.7), strict=True)
    for agent, known, confidence in rules:
        found, place = sorted(words & known), _candidate(agent, candidates)
        if found and place is not None:
            return Prediction(place, confidence, f"The query says {found[0]!r}.")
    video = _candidate(AGENTS[0], candidates)
    if video is not None:
        return Prediction(
            video, 0.6, "No word of the query points to an agent; the video search is the usual one."
        )
    return Prediction(
        candidates[0], 1.0 / len(candidates), "No rule knows these agents; the first one is taken."
    )


def read_prediction(given: Any, candidates: Sequence[str]) -> Prediction | str:
    """The caller's own prediction, or what is wrong with it.

    It is a mapping with `recommended_agent` and perhaps `confidence` and `reasoning`, as `predict` gives them.
    """
    agent = given.get("recommended_agent") if isinstance(given, dict) else None
    if not isinstance(agent, str) or agent not in candidates:
        return f"baseline_prediction: {agent!r} is not among the {len(candidates)} candidates"
    confidence = given.get("confidence")
    if not isinstance(confidence, (int, float)) or not 0.0 <= confidence <= 1.0:
        # Nothing usable is claimed: no more than a draw would be right.
        confidence = 1.0 / len(candidates)
    return Prediction(agent, float(confidence), str(given.get("reasoning") or "The router's own prediction."))


def _candidate(agent: str, candidates: Sequence[str]) -> str | None:
    names = (agent, agent.removesuffix(_SUFFIX))
    return next((candidate for candidate in candidates if candidate in names), None)
