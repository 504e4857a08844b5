"""What is wrong with examples, for a person: a line a field, with the examples that have the problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_SHOWN_FIELDS = 8
_SHOWN_PLACES = 5


class Problem(NamedTuple):
    """`name` is that of the example at `place` (from 0); `text` names the field, its value and the remedy."""

    place: int
    name: str
    field: str
    text: str


def lines_of(problems: Sequence[Problem], order: Sequence[str]) -> list[str]:
    """A line a field, those of `order` first; what is wrong there in yet another way is only counted."""
    ranks = {name: rank for rank, name in enumerate(order)}
    fields = sorted({each.field for each in problems}, key=lambda name: (ranks.get(name, len(ranks)), name))
    found = []
    for field in fields[:_SHOWN_FIELDS]:
        here = [each for each in problems if each.field == field]
        same = [each for each in here if each.text == here[0].text]
        others = len({each.place for each in here} - {each.place for each in same})
        more = f" ({others} more {'is' if others == 1 else 'are'} wrong otherwise)" if others else ""
        found.append(f"{_where(same)}: {here[0].text}{more}")
    if len(fields) > _SHOWN_FIELDS:
        found.append("and problems in " + ", ".join(fields[_SHOWN_FIELDS:]))
    return found


def _where(problems: Sequence[Problem]) -> str:
    if all(each.name == f"row {each.place + 1}" for each in problems):
        places = _ranges([each.place + 1 for each in problems])
        kind = "row"
    else:
        places = [f"{each.place} ({each.name})" for each in problems]
        kind = "example"
    shown = ", ".join(places[:_SHOWN_PLACES])
    more = ", …" if len(places) > _SHOWN_PLACES else ""
    return f"{kind}{'s' if len(problems) > 1 else ''} {shown}{more}"


def _ranges(numbers: Sequence[int]) -> list[str]:
    """Ascending numbers, neighbours as "3 to 7"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(first) if first == last else f"{first} to {last}" for first, last in spans]
