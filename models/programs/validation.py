"""Every example has what the signature and the metric read: checked before the first language-model call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.programs.example import ProgramExample
from models.programs.metric import RIGHT, judge
from models.programs.problems import Problem, lines_of
from signalbox.errors import AnswerError, SignalboxError
from signalbox.program import OutputSpec, SignatureSpec, read_answer
from signalbox.program.answers import names

Found = Iterator[tuple[str, str]]
"""Fields, and what is wrong with them."""


class InvalidExamples(SignalboxError):
    """Examples can't be trained with; each of the `lines` names examples, their field and the remedy."""

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__(f"{title}: " + "; ".join(lines))
        self.title, self.lines = title, tuple(lines)


def validate(spec: SignatureSpec, examples: Sequence[ProgramExample]) -> None:
    """Raise `InvalidExamples` unless every example can be asked, answered and judged."""
    problems = [
        Problem(place, row.name, field, text)
        for place, row in enumerate(examples)
        for field, text in _problems(spec, row)
    ]
    if problems:
        raise invalid(spec, problems, len(examples), [*spec.inputs, *spec.outputs])


def invalid(
    spec: SignatureSpec, problems: Sequence[Problem], examples: int, order: Sequence[str]
) -> InvalidExamples:
    """The error that tells the problems of so many examples, the fields of `order` first."""
    title = f"{spec.name}: {_counted(len(problems), 'problem')} in {_counted(examples, 'example')}"
    return InvalidExamples(title, lines_of(problems, order))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _problems(spec: SignatureSpec, row: ProgramExample) -> list[tuple[str, str]]:
    found = [*_inputs(spec, row), *_numbers(row)]
    if row.outputs is not None:
        # Only what is whole can be judged.
        found += [*_outputs(spec, row.outputs)] or [*_judged(spec, row)]
    elif not row.avoided or spec.agent is None:
        text = "it has neither right answers nor an agent to avoid; give its outputs, or leave it out"
        found.append(("", text))
    return found


def _inputs(spec: SignatureSpec, row: ProgramExample) -> Found:
    for name in spec.inputs:
        if name not in row.inputs:
            yield name, f"the input {name!r} is missing; add it, as an empty string if there is nothing to say"
        elif not isinstance(row.inputs[name], str):
            yield name, _not_text("input", name, row.inputs[name])


def _outputs(spec: SignatureSpec, outputs: Mapping[str, Any]) -> Found:
    for name, output in spec.outputs.items():
        if name not in outputs:
            yield name, f"the output {name!r} is missing; {_remedy(output)}"
        elif not isinstance(outputs[name], str):
            yield name, _not_text("output", name, outputs[name])
        elif not outputs[name].strip():
            yield name, f"the output {name!r} is empty; {_remedy(output)}"
        elif output.values and outputs[name] not in output.values:
            yield name, f"the output {name!r} is {outputs[name]!r}; {_remedy(output)}"
    for name in sorted(outputs.keys() - spec.outputs.keys()):
        yield name, f"the signature has no output {name!r}; its outputs are {names([*spec.outputs])}"


def _judged(spec: SignatureSpec, row: ProgramExample) -> Found:
    answer = row.outputs or {}
    try:
        read_answer(spec, answer, row.candidates)
    except AnswerError as error:
        yield str(error).partition(":")[0], f"the output {error}"
        return
    score = judge(spec, row, answer).score
    if score < RIGHT:
        yield "", f"the metric gives its own right answer {score:.2f} instead of 1"


def _numbers(row: ProgramExample) -> Found:
    if not (math.isfinite(row.weight) and row.weight > 0.0):
        yield "weight", f"its weight is {row.weight!r}; give a positive number"
    for name in ("reward", "confidence", "quality"):
        value = getattr(row, name)
        if not 0.0 <= value <= 1.0:
            yield name, f"its {name} is {value!r}; give a number from 0 to 1"


def _not_text(kind: str, name: str, value: Any) -> str:
    remedy = f'write "{str(value).lower() if isinstance(value, bool) else value}"'
    return f"the {kind} {name!r} is {value!r} ({type(value).__name__}), but all fields are strings: {remedy}"


def _remedy(output: OutputSpec) -> str:
    return (
        f"write one of {names(output.values)}"
        if output.values
        else f"write {output.desc[0].lower()}{output.desc[1:-1]}"
    )
