"""Examples that the optimisers' own prompts show: as Python literals, as lines, as JSON, with feedback."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.language_model.offline.offers import is_label
from adapters.language_model.offline.prompt import Example
from adapters.language_model.offline.values import listed, objects, text_of

_REPR = re.compile(r"Example\((?P<content>\{.*?\})\) \(input_keys=\{(?P<inputs>[^}]*)\}\)", re.DOTALL)
_MODULE = re.compile(r"\w+\((?P<inputs>[\w, ]*)\) -> (?P<outputs>[\w, ]+)")
_SAYS = r"(?<![\w-]){}(?: is|:| should be| =) [\"'`]?([^\n]+?)[\"'`]?(?:, not |\.(?=\s|$)|$)"
_NEGATIVE = re.compile(r"\b(?:wrong|incorrect|not|bad|poor|avoid|low|failed)\b", re.IGNORECASE)


def example(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Example:
    """An example with the labels among these outputs."""
    labels = {name: text_of(value) for name, value in outputs.items() if is_label(name, value)}
    return Example({name: text_of(value) for name, value in inputs.items()}, labels)


def from_reprs(text: str) -> list[Example]:
    """What MIPROv2 shows of the training set: `[Example({…}) (input_keys={…}), …]`."""
    found = []
    for match in _REPR.finditer(text):
        try:
            content = ast.literal_eval(match["content"])
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        names = set(re.findall(r"\w+", match["inputs"]))
        inputs = {name: value for name, value in content.items() if name in names}
        found.append(example(inputs, {name: value for name, value in content.items() if name not in names}))
    return found


def fields_of_module(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Inputs and outputs in `Predict(query, candidates) -> reasoning, recommended_agent`, if it has that."""
    match = _MODULE.search(text)
    return (listed(match["inputs"]), listed(match["outputs"])) if match else ((), ())


def from_lines(text: str, inputs: Sequence[str], outputs: Sequence[str]) -> list[Example]:
    """What MIPROv2 shows of demos: blocks of `Query: …` and `Recommended Agent: …` lines."""
    found = []
    for block in dict.fromkeys(text.split("\n\n")):
        values: dict[str, str] = {}
        for line in block.splitlines():
            prefix, _, value = line.partition(":")
            name = prefix.strip().lower().replace(" ", "_")
            if name in inputs or name in outputs:
                values[name] = value.strip()
        if values:
            found.append(example(_part(values, inputs), _part(values, outputs)))
    return found


def from_feedback(text: str) -> list[Example]:
    """What GEPA shows: a JSON list of `Inputs`, `Generated Outputs` and `Feedback`."""
    found = []
    for row in objects(text):
        inputs, outputs = row.get("Inputs"), row.get("Generated Outputs")
        if isinstance(inputs, dict) and isinstance(outputs, dict):
            offered = [name for value in inputs.values() for name in listed(text_of(value))]
            found.append(example(inputs, _right(outputs, text_of(row.get("Feedback", "")), offered)))
    return found


def _right(outputs: Mapping[str, Any], feedback: str, offered: Sequence[str]) -> dict[str, str | None]:
    """The labels that the feedback calls right; None where it doesn't say.

    `recommended_agent is a, not b.` says it of that output. Feedback that so corrects other outputs leaves this
    one right. Feedback that names no output means the only label: right is the one offered name besides the
    generated one that it has, else the generated one, unless it has a word such as `wrong`.
    """
    labels = {name: text_of(value) for name, value in outputs.items() if is_label(name, value)}
    corrected = {name: match[1] for name in labels if (match := re.search(_SAYS.format(name), feedback))}
    if corrected:
        return {name: corrected.get(name, generated) for name, generated in labels.items()}
    others = {name for name in offered if name not in labels.values() and _mentions(feedback, name)}
    if len(labels) == 1 and len(others) == 1:
        return dict.fromkeys(labels, others.pop())
    return {} if others or _NEGATIVE.search(feedback) else dict(labels)


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _part(values: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in names}
