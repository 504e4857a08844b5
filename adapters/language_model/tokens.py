"""How many tokens a text has where nobody counts them."""

from __future__ import annotations

from collections.abc import Iterable

_CHARACTERS_PER_TOKEN = 4
"""What English takes on average."""


def estimated_tokens(texts: Iterable[str]) -> int:
    """About so many tokens have these texts together; at least one for each four characters."""
    return -(-sum(map(len, texts)) // _CHARACTERS_PER_TOKEN)
