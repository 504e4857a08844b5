"""The offline model as a function: messages, temperature and rollout in, text out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from adapters.language_model.offline.answer import Draw, answer
from adapters.language_model.offline.prompt import Message, Prompt
from adapters.language_model.offline.propose import propose
from adapters.language_model.offline.reading import read_prompt


def complete(
    messages: Sequence[Message], temperature: float | None = None, rollout_id: int | None = None
) -> str:
    """What the offline model answers, in the form that the prompt asks for.

    A pure function: it has no state, no clock and no chance. With a temperature above 0 the answer varies with
    the rollout: of a task's values each is taken with the share of votes that it has, and proposals keep other
    rules. Raises `UnreadablePrompt`.
    """
    prompt = read_prompt(messages)
    warm = bool(temperature) and rollout_id is not None
    draw = _draw(messages, temperature, rollout_id) if warm else None
    values = propose(prompt, draw("rules") if draw else 0.0)
    return _written(prompt, answer(prompt, draw) if values is None else values)


def _draw(messages: Sequence[Message], temperature: float | None, rollout_id: int | None) -> Draw:
    seed = hashlib.sha256(json.dumps([list(messages), temperature, rollout_id]).encode())

    def number(name: str) -> float:
        state = seed.copy()
        state.update(name.encode())
        return int.from_bytes(state.digest()[:7]) / 2**56

    return number


def _written(prompt: Prompt, values: Mapping[str, str]) -> str:
    if not prompt.as_json:
        sections = [f"[[ ## {output.name} ## ]]\n{values[output.name]}" for output in prompt.outputs]
        return "\n\n".join([*sections, "[[ ## completed ## ]]"])
    content = {output.name: _typed(output.type, values[output.name]) for output in prompt.outputs}
    return json.dumps(content, ensure_ascii=False)


def _typed(type_: str, value: str) -> object:
    if type_ == "str" or type_.startswith("Literal["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
