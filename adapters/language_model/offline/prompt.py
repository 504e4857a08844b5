"""What a prompt consists of: fields, instruction, demos, and the inputs to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Message = tuple[str, str]
"""Role and text."""


@dataclass(frozen=True, slots=True)
class Field:
    """An input or output: its name, its Python type as text, its description, and the values it may take."""

    name: str
    type: str = "str"
    description: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """An instance of the task: texts by field name; what wasn't supplied is absent."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, read: `request` has the inputs to answer, `as_json` says in which form."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    instruction: str
    request: Mapping[str, str]
    demos: tuple[Example, ...] = ()
    as_json: bool = False
