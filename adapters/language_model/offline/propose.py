"""Answers to the optimisers' own prompts: instructions with rules derived from the examples that they show.

Such a prompt is recognised by the names of its fields, as DSPy 3.4 has them:

    MIPROv2   examples -> observations; observations -> summary; program_code -> program_description, then
              module_description; basic_instruction (and dataset_description, task_demos) ->
              proposed_instruction
    COPRO     basic_instruction -> proposed_instruction, proposed_prefix_for_output_field
    SIMBA     program_inputs, better_program_outputs, … -> discussion, module_advice
    GEPA      current_instruction, examples_with_feedback -> new_instruction
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.language_model.offline.derive import derive
from adapters.language_model.offline.examples import (
    example,
    fields_of_module,
    from_feedback,
    from_lines,
    from_reprs,
)
from adapters.language_model.offline.prompt import Prompt
from adapters.language_model.offline.rules import Rulebook, read_rules, without_rules
from adapters.language_model.offline.values import listed, objects, text_of

_LEAST_SHARES = (0.0, 0.5, 0.7)
"""Of words that a proposal keeps: all, or those that speak more or less clearly for one value."""
_FORM = "Answer in the form that is asked for."
Inputs = Mapping[str, str]


def propose(prompt: Prompt, number: float = 0.0) -> dict[str, str] | None:
    """The answer to an optimiser's prompt, or None for a task; `number` in [0, 1) says which rules to keep."""
    given = prompt.request.keys()
    asked = {output.name for output in prompt.outputs}
    for inputs, outputs, write in _PROPOSERS:
        if inputs <= given and outputs == asked:
            return write(prompt.request, _LEAST_SHARES[int(number * len(_LEAST_SHARES))])
    return None


def _observations(inputs: Inputs, least_share: float) -> dict[str, str]:
    return {"observations": _lines(derive(from_reprs(inputs["examples"]))) or "COMPLETE"}


def _summary(inputs: Inputs, least_share: float) -> dict[str, str]:
    return {"summary": _lines(read_rules(inputs["observations"])) or "The data shows no rule."}


def _program(inputs: Inputs, least_share: float) -> dict[str, str]:
    return {"program_description": "The program answers each request by rules and by similar examples."}


def _module(inputs: Inputs, least_share: float) -> dict[str, str]:
    wanted = ", ".join(fields_of_module(inputs["module"])[1]) or "its outputs"
    return {"module_description": f"The module answers with {wanted}."}


def _proposal(inputs: Inputs, least_share: float) -> dict[str, str]:
    taken, given = fields_of_module(inputs.get("module", ""))
    book = read_rules(inputs["basic_instruction"])
    book.merge(read_rules(inputs.get("dataset_description", "")))
    if not book.seen:
        book.merge(derive(from_lines(inputs.get("task_demos", ""), taken, given)))
    if given:
        book = book.only(given)
    return {"proposed_instruction": _instruction(inputs["basic_instruction"], book, least_share)}


def _proposal_with_prefix(inputs: Inputs, least_share: float) -> dict[str, str]:
    return {**_proposal(inputs, least_share), "proposed_prefix_for_output_field": "Answer:"}


def _advice(inputs: Inputs, least_share: float) -> dict[str, str]:
    """One module's inputs with the labels of the training example, or with those of the better trajectory."""
    oracle: dict[str, Any] = next(iter(objects(inputs.get("oracle_metadata", ""))), {})
    advice = {}
    for module in listed(inputs["module_names"]):
        found = _step(inputs.get("better_program_trajectory", ""), module)
        worse = _step(inputs.get("worse_program_trajectory", ""), module)
        asked, answered = found or worse or ({}, {})
        right = found is not None and _number(inputs, "better") > _number(inputs, "worse")
        labels = {
            name: oracle[name] if oracle.get(name) is not None else (value if right else None)
            for name, value in answered.items()
        }
        advice[module] = _lines(derive([example(asked, labels)])) or _FORM
    return {
        "discussion": "The better answer follows what the words of the inputs say.",
        "module_advice": text_of(advice),
    }


def _step(trajectory: str, module: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Inputs and outputs of the module's last call."""
    for step in reversed(objects(trajectory)):
        asked, answered = step.get("inputs"), step.get("outputs")
        if step.get("module_name") == module and isinstance(asked, dict) and isinstance(answered, dict):
            return asked, answered
    return None


def _number(inputs: Inputs, which: str) -> float:
    try:
        return float(inputs.get(f"{which}_reward_value", ""))
    except ValueError:
        return 0.0


def _reflection(inputs: Inputs, least_share: float) -> dict[str, str]:
    current = inputs["current_instruction"]
    book = read_rules(current)
    book.merge(derive(from_feedback(inputs["examples_with_feedback"])))
    return {"new_instruction": _instruction(current, book, least_share)}


def _instruction(current: str, book: Rulebook, least_share: float) -> str:
    return "\n".join([without_rules(current) or _FORM, *book.sentences(least_share)])


def _lines(book: Rulebook) -> str:
    return "\n".join(book.sentences())


_Write = Callable[[Inputs, float], dict[str, str]]
_PROPOSERS: tuple[tuple[frozenset[str], frozenset[str], _Write], ...] = tuple(
    (frozenset(inputs), frozenset(outputs), write)
    for inputs, outputs, write in (
        ({"examples"}, {"observations"}, _observations),
        ({"observations"}, {"summary"}, _summary),
        ({"program_code", "program_example"}, {"program_description"}, _program),
        ({"program_code", "module"}, {"module_description"}, _module),
        ({"basic_instruction"}, {"proposed_instruction"}, _proposal),
        (
            {"basic_instruction"},
            {"proposed_instruction", "proposed_prefix_for_output_field"},
            _proposal_with_prefix,
        ),
        ({"program_inputs", "module_names"}, {"discussion", "module_advice"}, _advice),
        ({"current_instruction", "examples_with_feedback"}, {"new_instruction"}, _reflection),
    )
)
