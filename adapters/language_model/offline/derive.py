"""Rules from examples: which words of the inputs go with which labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from adapters.language_model.offline.prompt import Example
from adapters.language_model.offline.rules import Rulebook
from adapters.language_model.offline.values import leaves, listed, telling_words


def derive(examples: Iterable[Example]) -> Rulebook:
    """What words of the inputs were seen with which labels.

    A word counts for the first field that has it. Fields that all examples have alike, and those that list the
    labels, say nothing.
    """
    rows = [row for row in examples if row.outputs]
    book = Rulebook()
    silent = _silent_fields(rows)
    for row in rows:
        keys: dict[str, str] = {}
        for name, text in row.inputs.items():
            if name not in silent:
                for word in telling_words(leaves(text)):
                    keys.setdefault(word, name)
        for output, value in row.outputs.items():
            for word, name in keys.items():
                book.add(output, (name, word), value)
    for output in sorted({output for row in rows for output in row.outputs}):
        values = Counter(row.outputs[output] for row in rows if output in row.outputs)
        (value, count), *others = values.most_common(2)
        if count > 2 and (not others or count > others[0][1]):
            book.otherwise[output][value] += 1
    return book


def _silent_fields(rows: Sequence[Example]) -> set[str]:
    names = dict.fromkeys(name for row in rows for name in row.inputs)
    silent = set()
    for name in names:
        texts = {row.inputs.get(name, "") for row in rows}
        lists_labels = any(
            len(offered := listed(row.inputs.get(name, ""))) > 1 and set(offered) & set(row.outputs.values())
            for row in rows
        )
        if lists_labels or (len(rows) > 1 and len(texts) == 1):
            silent.add(name)
    return silent
