"""From a key to a label: what else has to be asked, and what follows."""

from __future__ import annotations

from datetime import datetime

from processors.annotation.queue import Waiting
from signalbox.events import Annotation
from signalbox.events.annotation import Label
from streams.annotating.conversation import Conversation
from streams.annotating.labels import approval_of, label_on
from streams.annotating.wording import label_text

LABEL_KEYS: dict[str, Label] = {
    "c": "correct_routing",
    "w": "wrong_routing",
    "a": "ambiguous",
    "i": "insufficient_info",
}
APPROVE_KEY = "p"


async def label_for(
    key: str, waiting: Waiting, name: str, at: datetime, reason: str, conversation: Conversation
) -> Annotation | None:
    """The label that a key stands for, after questions; None where the person thinks again."""
    if key == APPROVE_KEY:
        return await _approval(waiting, name, at, conversation)
    suggested = None
    if key == "w" and (others := _others(waiting)):
        number = await conversation.number(
            "Which agent was right? Its number, or Enter if you can't say.", others
        )
        if number is None:
            return None
        suggested = others.get(number)
    return label_on(
        waiting.request,
        LABEL_KEYS[key],
        name,
        at,
        earlier=earlier_of(waiting, name),
        suggested_agent=suggested,
        reasoning=reason,
    )


def earlier_of(waiting: Waiting, annotator: str) -> Annotation | None:
    """The label that an annotator gave before."""
    return next((each for each in waiting.labels if each.annotator == annotator), None)


def _others(waiting: Waiting) -> dict[int, str]:
    """The candidates that could have been right instead, by their numbers on the screen."""
    request = waiting.request
    numbered = enumerate(request.candidate_agents, 1)
    return {number: agent for number, agent in numbered if agent != request.chosen_agent}


async def _approval(waiting: Waiting, name: str, at: datetime, conversation: Conversation) -> Annotation | None:
    labels = dict(enumerate((each for each in waiting.labels if each.kind != "human"), 1))
    if not labels:
        conversation.refuse("there is no model's label to approve")
        return None
    number: int | None = 1
    if len(labels) > 1:
        for place, label in labels.items():
            conversation.say(f"{place}  {label_text(label)}")
        number = await conversation.number("Which label? Its number, or Enter for none.", labels)
    return approval_of(labels[number], name, at) if number else None
