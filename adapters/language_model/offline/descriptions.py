"""What speaks for a value because of its description, such as an agent's card."""

from __future__ import annotations

from collections.abc import Collection

from adapters.language_model.offline.offers import described
from adapters.language_model.offline.prompt import Prompt
from adapters.language_model.offline.rules import Rulebook
from adapters.language_model.offline.values import telling_words
from adapters.language_model.offline.voices import Voice, scaled


def description_voices(prompt: Prompt, offered: Collection[str]) -> list[Voice]:
    """Words of what is asked that the description of one offered value has; what is asked is the first input.

    A description stands in an input, on a line of its own after the value and a colon; its words count as those
    of a rule. The value with most votes speaks, unless it isn't offered or another has as many.
    """
    asked = prompt.inputs[0].name if prompt.inputs else ""
    book = Rulebook()
    for item in prompt.inputs:
        for value, text in described(prompt, item.name, offered).items():
            for word in telling_words(text):
                book.add("", (asked, word), value)
    voices = scaled(
        Voice(weight, value, f'The description of {value} has "{word}".')
        for weight, value, word in book.speaking("", {asked: prompt.request.get(asked, "")})
    )
    votes: dict[str, float] = {}
    for voice in voices:
        votes[voice.value] = votes.get(voice.value, 0.0) + voice.weight
    best = [value for value, vote in votes.items() if vote == max(votes.values())]
    return [voice for voice in voices if [voice.value] == best and voice.value in offered]
