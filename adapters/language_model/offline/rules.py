"""Rules in an instruction: the one sentence form that the offline model reads and writes.

    When the query mentions "clip" (3) or "footage", recommended_agent is video_search_agent.
    Otherwise, recommended_agent is text_search_agent.

A number after a word says how many examples showed it with that value; without one it is 1. A value that is no
plain name stands in double quotes. Sentences may stand anywhere; those that agree add up, those that contradict
each other weaken each other. A word is mentioned if the field has it, in singular or plural.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from adapters.language_model.offline.values import leaves, words

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_VALUE = rf"(?P<value>{_QUOTED}|[\w/:+-]+(?:\.[\w/:+-]+)*?)\.(?=When the |Otherwise, |\s|$)"
_MENTION = rf"{_QUOTED}(?: \(\d+\))?"
_RULE = re.compile(
    rf"When the (?P<field>\w+) mentions (?P<words>{_MENTION}(?: or {_MENTION})*), (?P<output>\w+) is {_VALUE}"
)
_DEFAULT = re.compile(rf"Otherwise, (?P<output>\w+) is {_VALUE}")
_ONE_WORD = re.compile(rf"({_QUOTED})(?: \((\d+)\))?")
_PLAIN = re.compile(r"[\w/:+-]+(?:\.[\w/:+-]+)*")
_MOST_WORDS = 40
"""In one sentence; the best supported stay."""

Key = tuple[str, str]
"""An input field and a word."""


@dataclass
class Rulebook:
    """For each output: how often each (field, word) was seen with which value, and what holds otherwise."""

    seen: dict[str, dict[Key, Counter[str]]] = field(default_factory=lambda: defaultdict(dict))
    otherwise: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, output: str, key: Key, value: str, count: int = 1) -> None:
        """Note that the word was seen `count` times with the value."""
        self.seen[output].setdefault(key, Counter())[value] += count

    def merge(self, other: Rulebook) -> None:
        """Add what another rulebook has seen."""
        for output, keys in other.seen.items():
            for key, values in keys.items():
                self.seen[output].setdefault(key, Counter()).update(values)
        for output, values in other.otherwise.items():
            self.otherwise[output].update(values)

    def only(self, outputs: Collection[str]) -> Rulebook:
        """The part about these outputs."""
        return Rulebook(
            defaultdict(dict, {name: keys for name, keys in self.seen.items() if name in outputs}),
            defaultdict(Counter, {name: count for name, count in self.otherwise.items() if name in outputs}),
        )

    def speaking(self, output: str, inputs: Mapping[str, str]) -> list[tuple[float, str, str]]:
        """(weight, value, word) of the words that the inputs mention and that speak for a value of the output.

        A word that was seen n times, m of them with the value, weighs m / (n + 1).
        """
        forms = {name: _forms(text) for name, text in inputs.items()}
        return [
            (count / (values.total() + 1), value, word)
            for (name, word), values in self.seen.get(output, {}).items()
            if _mentions(forms.get(name, frozenset()), word)
            for value, count in values.items()
        ]

    def default(self, output: str) -> str | None:
        """What holds otherwise: what most sentences say, of those the last."""
        counts = self.otherwise.get(output)
        return max(reversed(counts), key=lambda value: counts[value]) if counts else None

    def sentences(self, least_share: float = 0.0) -> list[str]:
        """The rules as sentences, one for each (output, field, value), in alphabetical order.

        Words none of whose values has a share of `least_share` are left out.
        """
        grouped: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)
        for output, keys in self.seen.items():
            for (name, word), values in keys.items():
                if max(values.values()) >= least_share * values.total():
                    for value, count in values.items():
                        grouped[output, value, name].append((-count, word))
        lines = [
            f"When the {name} mentions {_mention(found)}, {output} is {_written(value)}."
            for (output, value, name), found in sorted(grouped.items())
        ]
        defaults = {output: self.default(output) for output in sorted(self.otherwise)}
        lines += [f"Otherwise, {output} is {_written(value)}." for output, value in defaults.items() if value]
        return lines


def read_rules(text: str) -> Rulebook:
    """The rules in a text; what is no rule is passed over."""
    book = Rulebook()
    for rule in _RULE.finditer(text):
        for word, count in _ONE_WORD.findall(rule["words"]):
            book.add(
                rule["output"], (rule["field"], _unquoted(word)), _unquoted(rule["value"]), int(count or 1)
            )
    for default in _DEFAULT.finditer(text):
        book.otherwise[default["output"]][_unquoted(default["value"])] += 1
    return book


def without_rules(text: str) -> str:
    """The rest of a text, without blank lines at its ends and between."""
    rest = _DEFAULT.sub("", _RULE.sub("", text))
    return "\n".join(line.strip() for line in rest.splitlines() if line.strip())


def _mention(found: Iterable[tuple[int, str]]) -> str:
    best = sorted(found)[:_MOST_WORDS]
    return " or ".join(
        json.dumps(word, ensure_ascii=False) + (f" ({-count})" if count < -1 else "") for count, word in best
    )


def _written(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text)) if text.startswith('"') else text
    except ValueError:
        return text[1:-1]


def _forms(text: str) -> frozenset[str]:
    found = words(leaves(text))
    return frozenset([*found, *(word + "s" for word in found), *(word.removesuffix("s") for word in found)])


def _mentions(forms: frozenset[str], phrase: str) -> bool:
    """Whether every word of the phrase is there."""
    parts = words(phrase)
    return bool(parts) and all(part in forms for part in parts)
