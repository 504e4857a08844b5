"""Field values as text, and the words in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_WORD = re.compile(r"[^\W\d_]\w+")
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "about all also an and any are as at be been by can could did do does for from get give had has have "
        "her him his how if in into is it its just like may me more my need no not of on one or our out please "
        "shall she should show so some tell than that the their them then there these they this those to up us "
        "want was we were what when where which who why will with would you your",
    )
)
"""English words that say how, not what; they would only lengthen rules."""


def text_of(value: Any) -> str:
    """A value as an adapter prints it: text as it is, lists and objects as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def parsed(text: str) -> Any:
    """The list or object that the text is in JSON, else None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def objects(text: str) -> list[dict[str, Any]]:
    """The objects in a JSON list, or the one object that the text is."""
    content = parsed(text)
    return [item for item in (content if isinstance(content, list) else [content]) if isinstance(item, dict)]


def leaves(text: str) -> str:
    """The text of a field value: of JSON only its strings, not its keys and numbers."""
    content = parsed(text)
    return text if content is None else " ".join(_strings(content))


def _strings(content: Any) -> Iterable[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, (list, dict)):
        for item in content.values() if isinstance(content, dict) else content:
            yield from _strings(item)


def words(text: str) -> list[str]:
    """The words of a text in order, in lower case, of two characters or more; with repeats."""
    return _WORD.findall(text.lower())


def telling_words(text: str) -> list[str]:
    """The distinct words of a text, in order, that could say what it is about."""
    return [word for word in dict.fromkeys(words(text)) if word not in _FUNCTION_WORDS]


def listed(text: str) -> tuple[str, ...]:
    """The names in a JSON list of strings, or separated by commas."""
    content = parsed(text)
    if isinstance(content, list):
        names = [item for item in content if isinstance(item, str)]
    elif content is None:
        names = [part.strip() for part in text.split(",")]
    else:
        names = []
    return tuple(dict.fromkeys(name for name in names if name))


def is_number(text: str) -> bool:
    """Whether the text is a number or a percentage."""
    try:
        float(text.strip().removesuffix("%"))
    except ValueError:
        return False
    return True
