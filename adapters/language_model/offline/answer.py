"""The answer to a task: rules and the nearest demos vote for a value of each output field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.language_model.offline.descriptions import description_voices
from adapters.language_model.offline.offers import NONE, is_confidence, is_explanation, offered_values
from adapters.language_model.offline.prompt import Field, Prompt
from adapters.language_model.offline.rules import Rulebook, read_rules
from adapters.language_model.offline.voices import Voice, neighbour_voices, rule_voices

_DOUBT = 0.25
"""Votes for no value in particular, so that a single weak one isn't certainty."""
_EMPTY = {"int": "0", "float": "0.5", "bool": "False", "list": "[]", "dict": "{}"}
"""What to answer where nothing is known of a field but its type."""

Draw = Callable[[str], float]
"""A number in [0, 1) for a name; given where the answer is to vary."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A value, its share of the votes in [0, 1], and why."""

    value: str
    share: float
    because: str


def answer(prompt: Prompt, draw: Draw | None = None) -> dict[str, str]:
    """A value for every output field: the one with most votes, or with `draw` one drawn by the votes.

    An explanation says what decided the first field that is no explanation, and a confidence how clearly. A
    rule may go by an output that comes before its own.
    """
    rules = read_rules(prompt.instruction)
    told, decisions = dict(prompt.request), dict[str, Decision]()
    for output in prompt.outputs:
        if not is_explanation(output.name) and not is_confidence(output):
            decisions[output.name] = decided = _decide(prompt, output, rules, told, draw)
            told[output.name] = decided.value
    first = next(iter(decisions.values()), Decision("", 0.5, "There is nothing to decide."))

    def text(output: Field) -> str:
        if is_explanation(output.name):
            return f"{first.because} (The offline model's reading.)"
        return f"{first.share:.2f}" if is_confidence(output) else decisions[output.name].value

    return {output.name: text(output) for output in prompt.outputs}


def _decide(
    prompt: Prompt, output: Field, rules: Rulebook, told: Mapping[str, str], draw: Draw | None
) -> Decision:
    offered = offered_values(prompt, output)
    voices = [
        *rule_voices(told, output, rules, offered),
        *neighbour_voices(prompt, output, offered),
        *description_voices(prompt, offered),
    ]
    if not voices and (draw is None or not offered):
        return _prior(prompt, output, rules, offered)
    share = _shares(voices, offered or dict.fromkeys(voice.value for voice in voices))
    best = max(share, key=lambda value: share[value]) if draw is None else _drawn(share, draw(output.name))
    speaking = [voice for voice in voices if voice.value == best]
    because = max(speaking, key=lambda voice: voice.weight).because if speaking else f"{best} is a guess."
    return Decision(best, share[best], because)


def _shares(voices: Sequence[Voice], values: Iterable[str]) -> dict[str, float]:
    """Each value's share of the votes; they add up to 1. Doubt speaks for none, where that is a value."""
    votes = dict.fromkeys(values, 0.0)
    for voice in voices:
        votes[voice.value] += voice.weight
    for value in [NONE] if NONE in votes else list(votes):
        votes[value] += _DOUBT if value == NONE else _DOUBT / len(votes)
    total = sum(votes.values())
    return {value: vote / total for value, vote in votes.items()}


def _drawn(share: Mapping[str, float], number: float) -> str:
    """The value at `number` in [0, 1), where each has a part in proportion to the cube of its share.

    So what is clear stays, and what is a guess varies.
    """
    rest = number * sum(part**3 for part in share.values())
    for value, part in share.items():
        rest -= part**3
        if rest < 0.0:
            return value
    return list(share)[-1]


def _prior(prompt: Prompt, output: Field, rules: Rulebook, offered: Sequence[str]) -> Decision:
    """What to answer when nothing speaks.

    That is what the rules say of this case, else none where that is a value, else the demos' most frequent
    value, else the first that is offered.
    """
    share = 1.0 / max(len(offered), 1)
    default = rules.default(output.name)
    if default is not None and (not offered or default in offered):
        return Decision(default, share, f"No rule or example speaks; otherwise {output.name} is {default}.")
    if NONE in offered:
        return Decision(NONE, 1.0, "No rule or example speaks for any.")
    labels = Counter(demo.outputs[output.name] for demo in prompt.demos if output.name in demo.outputs)
    known = [value for value in labels if not offered or value in offered]
    if known:
        value = max(known, key=lambda each: labels[each])
        return Decision(value, share, f"No rule or example speaks; {value} is the most frequent.")
    if offered:
        return Decision(offered[0], share, f"No rule or example speaks; {offered[0]} comes first.")
    return Decision(_EMPTY.get(output.type.partition("[")[0], "unknown"), 0.0, "Nothing is known.")
