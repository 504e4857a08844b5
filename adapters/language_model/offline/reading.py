"""Reads the prompts that DSPy's ChatAdapter and JSONAdapter write (DSPy 3.4)."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from adapters.language_model.offline.prompt import Example, Field, Message, Prompt
from adapters.language_model.offline.values import parsed, text_of
from signalbox.errors import SignalboxError

_FIELDS = re.compile(
    r"Your input fields are:\n(?P<inputs>.*?)\n?Your output fields are:\n(?P<outputs>.*?)\n?"
    r"All interactions will be structured in the following way",
    re.DOTALL,
)
_FIELD = re.compile(r"^\d+\. `(?P<name>\w+)` \((?P<type>.*?)\):(?= |$)(?P<description>.*)$", re.MULTILINE)
_OBJECTIVE = "In adhering to this structure, your objective is:"
_JSON = "Outputs will be a JSON object with the following fields."
_REQUESTS = (
    "\n\nRespond with the corresponding output fields, starting with the field ",
    "\n\nRespond with a JSON object in the following order of fields: ",
)
_ABSENT = "Not supplied for this particular example."
_LISTED = re.compile(r"[\w-]+(?:, [\w-]+)*,? or [\w-]+\.?")


class UnreadablePrompt(SignalboxError):
    """The messages are no prompt of DSPy's ChatAdapter or JSONAdapter; the message says what is missing."""


def read_prompt(messages: Sequence[Message]) -> Prompt:
    """The prompt in a conversation; raises `UnreadablePrompt`, whose message quotes none of it."""
    system = "\n".join(text for role, text in messages if role in {"system", "developer"})
    turns = [message for message in messages if message[0] in {"user", "assistant"}]
    listed = _FIELDS.search(system)
    if not listed:
        raise UnreadablePrompt("prompt: the system message doesn't list input and output fields as DSPy does")
    if _OBJECTIVE not in system:
        raise UnreadablePrompt("prompt: the system message has no objective")
    if not turns or turns[-1][0] != "user":
        raise UnreadablePrompt("prompt: the last message is not the user's")
    inputs, outputs = _fields(listed["inputs"]), _fields(listed["outputs"])
    if not outputs:
        raise UnreadablePrompt("prompt: the system message lists no output field")
    return Prompt(
        inputs,
        outputs,
        _instruction(system),
        _sections(_without_request(turns[-1][1]), inputs),
        tuple(_demos(turns[:-1], inputs, outputs)),
        _JSON in system,
    )


def _fields(text: str) -> tuple[Field, ...]:
    found = []
    for match in _FIELD.finditer(text):
        description = match["description"].strip()
        found.append(Field(match["name"], match["type"], description, _values(match["type"], description)))
    return tuple(found)


def _values(type_: str, description: str) -> tuple[str, ...]:
    """What a Literal or bool allows, or what a description such as `simple or complex.` lists."""
    if type_ == "bool":
        return ("True", "False")
    if type_.startswith("Literal["):
        try:
            return tuple(str(value) for value in ast.literal_eval(f"({type_[len('Literal[') : -1]},)"))
        except (ValueError, SyntaxError):
            return ()
    if type_ == "str" and _LISTED.fullmatch(description):
        return tuple(re.findall(r"[\w-]+", description.replace(" or ", ", ")))
    return ()


def _instruction(system: str) -> str:
    lines = system.partition(_OBJECTIVE)[2].splitlines()
    return "\n".join(line.removeprefix(" " * 8) for line in lines).strip()


def _without_request(text: str) -> str:
    end = max(text.rfind(request) for request in _REQUESTS)
    return text if end < 0 else text[:end]


def _sections(text: str, fields: Sequence[Field]) -> dict[str, str]:
    """The texts under the headers of `fields`.

    They are looked for from the last one backwards, so that a header inside an earlier field's text (a query
    can hold anything) doesn't replace a later field.
    """
    found: dict[str, str] = {}
    rest = "\n" + text
    for item in reversed(fields):
        before, header, section = rest.rpartition(f"\n[[ ## {item.name} ## ]]\n")
        if not header:
            continue
        found[item.name] = section.strip()
        rest = before
    return dict(reversed(found.items()))


def _demos(turns: Sequence[Message], inputs: Sequence[Field], outputs: Sequence[Field]) -> list[Example]:
    demos = []
    for (role, asked), (next_role, answered) in pairwise(turns):
        if (role, next_role) == ("user", "assistant"):
            demos.append(Example(_sections(asked, inputs), _answers(answered, outputs)))
    return demos


def _answers(text: str, outputs: Sequence[Field]) -> dict[str, str]:
    content: Any = parsed(text)
    if isinstance(content, dict):
        found = {item.name: text_of(content[item.name]) for item in outputs if item.name in content}
    else:
        found = _sections(text.rpartition("\n[[ ## completed ## ]]")[0] or text, outputs)
    return {name: value for name, value in found.items() if value.strip() != _ABSENT}
