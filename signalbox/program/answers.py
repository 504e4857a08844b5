"""What a program is given and what it answers, as strings; an answer is read tolerantly, and then checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from signalbox.errors import AnswerError
from signalbox.policy.features import DecisionFeatures
from signalbox.program.signatures import OutputSpec, SignatureSpec

_RATIO = re.compile(r"(\d+\.?\d*|\.\d+)\s*(%?)", re.ASCII)
_SHOWN = 80
"""Characters of a wrong answer that an error message shows."""
_QUOTES = " \t\r\n\"'`"


def names(candidates: Sequence[str]) -> str:
    """Agents as a program reads them: separated by commas, or as JSON where a name has a comma itself."""
    if any("," in name or name.startswith("[") for name in candidates):
        return msgspec.json.encode(list(candidates)).decode()
    return ", ".join(candidates)


def inputs_of(spec: SignatureSpec, query: DecisionFeatures, candidates: Sequence[str]) -> dict[str, str]:
    """The inputs of a program that chooses among `candidates`; raises `KeyError` for one that needs others."""
    known = "; ".join(f"{entity.text} ({entity.label})" for entity in query.entities)
    relations = "; ".join(
        " ".join(filter(None, (one.head or one.subject, one.relation, one.tail or one.object)))
        for one in query.relationships
    )
    features = {"candidates": names(candidates), "entities": known, "relationships": relations}
    content = {
        "query": query.query,
        "enhanced_query": query.enhanced_query or "",
        "modality": query.modality,
        "query_features": "; ".join(f"{name}: {value}" for name, value in features.items() if value),
        **features,
    }
    return {name: content[name] for name in spec.inputs}


def listed(spec: SignatureSpec, inputs: Mapping[str, str]) -> tuple[str, ...] | None:
    """The agents that the inputs list; None where the program has no such list."""
    if spec.candidates is None:
        return None
    text = inputs[spec.candidates]
    try:
        found = msgspec.json.decode(text, type=list[str])
    except ValueError:
        found = text.split(",")
    return tuple(name.strip() for name in found if name.strip())


def read_answer(
    spec: SignatureSpec, answer: Mapping[str, Any], candidates: Sequence[str] | None
) -> dict[str, str]:
    """The outputs as they are meant: an agent and a choice as they are spelled in their lists.

    `candidates` None accepts any agent. Raises `AnswerError`, which names the field and the value.
    """
    return {name: _read(name, output, answer.get(name), candidates) for name, output in spec.outputs.items()}


def ratio(text: str) -> float:
    """The number in "0.9" or "90%"; raises `ValueError` for anything else, and outside of [0, 1]."""
    found = _RATIO.fullmatch(text.strip())
    value = float(found[1]) / (100.0 if found[2] else 1.0) if found else math.nan
    if not 0.0 <= value <= 1.0:
        raise ValueError(f'{_short(text)}: give a number from 0 to 1, such as "0.9", or a percentage')
    return value


def _read(name: str, output: OutputSpec, value: Any, candidates: Sequence[str] | None) -> str:
    if not isinstance(value, str):
        raise AnswerError(f"{name}: {'missing' if value is None else f'{value!r} is not a string'}")
    text = value.strip()
    match output.kind:
        case "confidence":
            try:
                ratio(text)
            except ValueError as error:
                raise AnswerError(f"{name}: {error}") from None
        case "choice":
            return _one_of(name, text, output.values)
        case "agent" if candidates is not None:
            return _one_of(name, text, candidates)
        case "agent" | "label" if not text:
            raise AnswerError(f"{name}: empty")
    return text


def _one_of(name: str, text: str, allowed: Sequence[str]) -> str:
    if text in allowed:
        return text
    wanted = text.strip(_QUOTES).casefold()
    found = [one for one in allowed if one.casefold() == wanted]
    if len(found) != 1:
        raise AnswerError(f"{name}: {_short(text)} is not one of {_short(names(allowed))}")
    return found[0]


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
