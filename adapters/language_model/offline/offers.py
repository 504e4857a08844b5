"""What kind of answer an output field takes, and which values the prompt allows it."""

from __future__ import annotations

import re
from collections.abc import Collection

from adapters.language_model.offline.prompt import Field, Prompt
from adapters.language_model.offline.values import is_number, listed, text_of, words

_EXPLANATIONS = frozenset({"reasoning", "rationale", "explanation", "justification"})
_ONE_OF = re.compile(r"\bone of the (\w+(?: \w+)?)")
_OR_NONE = re.compile(r"\bor none\b")
NONE = "none"
"""What stands for no value, where a description says "or none"."""


def is_explanation(name: str) -> bool:
    """Whether an output says why, in words."""
    return name in _EXPLANATIONS


def is_confidence(output: Field) -> bool:
    """Whether an output says how sure the answer is."""
    return output.type in {"float", "str"} and "confidence" in output.name


def is_label(name: str, value: object) -> bool:
    """Whether an output's value in an example is one of a few, not a number or an explanation."""
    text = text_of(value)
    return (
        isinstance(value, (str, bool))
        and not is_explanation(name)
        and 0 < len(text) <= 64
        and "\n" not in text
        and not is_number(text)
    )


def offered_values(prompt: Prompt, output: Field) -> tuple[str, ...]:
    """The values that the prompt allows, in its order; empty where it doesn't restrict them."""
    if output.values or not _takes_names(output):
        return output.values
    found = _listed_values(prompt, output)
    is_optional = found and _OR_NONE.search(output.description.lower())
    return tuple(dict.fromkeys((*found, NONE))) if is_optional else found


def _listed_values(prompt: Prompt, output: Field) -> tuple[str, ...]:
    for item in prompt.inputs:
        if offers(item, output):
            return listed(prompt.request.get(item.name, ""))
    # "One of the candidates" may also stand inside another input, as `candidates: a, b; …`.
    for noun in _nouns(output):
        inside = re.search(rf"\b{noun}: ([^;\n]+)", "\n".join(prompt.request.values()))
        if inside:
            return listed(inside[1])
    return ()


def offers(item: Field, output: Field) -> bool:
    """Whether this input lists what that output may be.

    It does if the output is described as one of what the input's name says, such as "one of the candidates"; or
    if it is a list whose name or description has the last part of the output's name, in singular or plural:
    `primary_agent` and `available_agents`.
    """
    if not _takes_names(output):
        return False
    parts = {item.name, *item.name.split("_")}
    if parts & _nouns(output):
        return True
    last = output.name.rpartition("_")[2]
    is_list = item.type.startswith("list[str") or "separated by commas" in item.description
    return is_list and bool({last, last + "s"} & {*words(item.description), *parts})


def reference_fields(prompt: Prompt) -> set[str]:
    """Inputs that say what can be answered: those that list values, and those that describe them."""
    values = {value for output in prompt.outputs for value in offered_values(prompt, output)}
    return {
        item.name
        for item in prompt.inputs
        if any(offers(item, output) for output in prompt.outputs) or described(prompt, item.name, values)
    }


def described(prompt: Prompt, name: str, offered: Collection[str]) -> dict[str, str]:
    """The values that an input describes; none unless one of them is offered.

    The first input is what is asked, and describes nothing.
    """
    if name == prompt.inputs[0].name:
        return {}
    lines = (line.partition(": ") for line in prompt.request.get(name, "").splitlines())
    found = {value.strip(): text for value, colon, text in lines if colon}
    return found if any(value in offered for value in found) else {}


def _takes_names(output: Field) -> bool:
    return output.type == "str" and not is_explanation(output.name) and not is_confidence(output)


def _nouns(output: Field) -> set[str]:
    """The two words after "one of the" in the output's description."""
    found = _ONE_OF.search(output.description.lower())
    return set(words(found[1])) if found else set()
