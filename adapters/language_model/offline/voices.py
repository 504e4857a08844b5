"""What speaks for a value: the rules that an instruction has, and the demos that are like the request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.language_model.offline.offers import NONE, reference_fields
from adapters.language_model.offline.prompt import Field, Prompt
from adapters.language_model.offline.rules import Rulebook
from adapters.language_model.offline.similarity import similarities
from adapters.language_model.offline.values import leaves, telling_words

_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Voice:
    """What speaks for a value, how strongly (in [0, 1]), and why."""

    weight: float
    value: str
    because: str


def rule_voices(told: Mapping[str, str], output: Field, rules: Rulebook, offered: Sequence[str]) -> list[Voice]:
    """The rules of the instruction whose words the request, or an answer before, mentions."""
    return scaled(
        Voice(weight, value, f'A rule says that {output.name} is {value} for "{word}".')
        for weight, value, word in rules.speaking(output.name, told)
        if not offered or value in offered
    )


def neighbour_voices(prompt: Prompt, output: Field, offered: Sequence[str]) -> list[Voice]:
    """The nearest demos that have a usable value; a demo is called by its place, from 1.

    Where none is a value, only those speak that share a word of what is asked: else none is the better answer.
    """
    lists = reference_fields(prompt)
    usable = [
        (f"Example {place}", demo.outputs[output.name], _text(demo.inputs, lists))
        for place, demo in enumerate(prompt.demos, 1)
        if output.name in demo.outputs
        and (not offered or demo.outputs[output.name] in offered)
        and (NONE not in offered or _asks_alike(prompt, demo.inputs))
    ]
    alike = similarities(
        _text(prompt.request, lists), [text for _, _, text in usable], [value for _, value, _ in usable]
    )
    voices = [
        Voice(weight, value, f"{name} is similar ({weight:.2f}) and has {value}.")
        for weight, (name, value, _) in zip(alike, usable, strict=True)
        if weight
    ]
    return scaled(sorted(voices, key=lambda voice: -voice.weight)[:_NEIGHBOURS])


def scaled(voices: Iterable[Voice]) -> list[Voice]:
    """The same voices, in proportion to the cubes of their weights, adding up to the largest weight.

    So one strong voice isn't drowned by many weak ones, and many weak ones make no strong one.
    """
    heard = list(voices)
    largest = max((voice.weight for voice in heard), default=0.0)
    total = sum(voice.weight**3 for voice in heard)
    return [replace(voice, weight=largest * voice.weight**3 / total) for voice in heard]


def _asks_alike(prompt: Prompt, inputs: Mapping[str, str]) -> bool:
    """Whether the first input, what is asked, has a telling word in common, in singular or plural."""
    asked = prompt.inputs[0].name if prompt.inputs else ""
    ours, theirs = (
        {word.removesuffix("s") for word in telling_words(leaves(each.get(asked, "")))}
        for each in (prompt.request, inputs)
    )
    return not ours.isdisjoint(theirs)


def _text(inputs: Mapping[str, str], lists: Collection[str]) -> str:
    """What is compared: the inputs, but for those that say what can be answered; repeats count once."""
    return "\n".join(dict.fromkeys(leaves(text) for name, text in inputs.items() if name not in lists))
