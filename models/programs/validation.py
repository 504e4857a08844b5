"""Every example has what the signature and the metric read: checked before the first language-model call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.programs.example import ProgramExample
from models.programs.metric import RIGHT, judge
from signalbox.errors import AnswerError, SignalboxError
from signalbox.program import OutputSpec, SignatureSpec, read_answer
from signalbox.program.answers import names

_SHOWN_PROBLEMS = 10


class InvalidExamples(SignalboxError):
    """Examples can't be trained with; the message names each example, its field and the remedy."""


def validate(spec: SignatureSpec, examples: Sequence[ProgramExample]) -> None:
    """Raise `InvalidExamples` unless every example can be asked, answered and judged."""
    problems = [
        f"example {place} ({row.name}): {problem}"
        for place, row in enumerate(examples)
        for problem in _problems(spec, row)
    ]
    if problems:
        shown = problems[:_SHOWN_PROBLEMS]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {len(examples)} examples"
        raise InvalidExamples(f"{spec.name}: {count}: " + "; ".join(shown))


def _problems(spec: SignatureSpec, row: ProgramExample) -> list[str]:
    found = [*_inputs(spec, row), *_numbers(row)]
    if row.outputs is not None:
        # Only what is whole can be judged.
        found += [*_outputs(spec, row.outputs)] or [*_judged(spec, row)]
    elif not row.avoided or spec.agent is None:
        found.append("it has neither right answers nor an agent to avoid; give its outputs, or leave it out")
    return found


def _inputs(spec: SignatureSpec, row: ProgramExample) -> Iterator[str]:
    for name in spec.inputs:
        if name not in row.inputs:
            yield f"the input {name!r} is missing; add it, as an empty string if there is nothing to say"
        elif not isinstance(row.inputs[name], str):
            yield _not_text("input", name, row.inputs[name])


def _outputs(spec: SignatureSpec, outputs: Mapping[str, Any]) -> Iterator[str]:
    for name, output in spec.outputs.items():
        if name not in outputs:
            yield f"the output {name!r} is missing; {_remedy(output)}"
        elif not isinstance(outputs[name], str):
            yield _not_text("output", name, outputs[name])
        elif not outputs[name].strip():
            yield f"the output {name!r} is empty; {_remedy(output)}"
        elif output.values and outputs[name] not in output.values:
            yield f"the output {name!r} is {outputs[name]!r}; {_remedy(output)}"
    for name in sorted(outputs.keys() - spec.outputs.keys()):
        yield f"the signature has no output {name!r}; its outputs are {names([*spec.outputs])}"


def _judged(spec: SignatureSpec, row: ProgramExample) -> Iterator[str]:
    answer = row.outputs or {}
    try:
        read_answer(spec, answer, row.candidates)
    except AnswerError as error:
        yield f"the output {error}"
        return
    score = judge(spec, row, answer).score
    if score < RIGHT:
        yield f"the metric gives its own right answer {score:.2f} instead of 1"


def _numbers(row: ProgramExample) -> Iterator[str]:
    if not (math.isfinite(row.weight) and row.weight > 0.0):
        yield f"its weight is {row.weight!r}; give a positive number"
    for name in ("reward", "confidence", "quality"):
        value = getattr(row, name)
        if not 0.0 <= value <= 1.0:
            yield f"its {name} is {value!r}; give a number from 0 to 1"


def _not_text(kind: str, name: str, value: Any) -> str:
    remedy = f'write "{str(value).lower() if isinstance(value, bool) else value}"'
    return f"the {kind} {name!r} is {value!r} ({type(value).__name__}), but all fields are strings: {remedy}"


def _remedy(output: OutputSpec) -> str:
    return (
        f"write one of {names(output.values)}"
        if output.values
        else f"write {output.desc[0].lower()}{output.desc[1:-1]}"
    )
