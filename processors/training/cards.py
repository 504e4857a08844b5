"""The agent cards that a policy was trained with, as bytes under one digest."""

from __future__ import annotations

from collections.abc import Sequence

from signalbox.policy import digest_of


def bundle(cards: Sequence[bytes]) -> bytes:
    """Encoded cards, one a line; encoded events hold no line breaks."""
    return b"\n".join(cards)


def unbundle(data: bytes) -> tuple[bytes, ...]:
    """The cards in a bundle."""
    return tuple(data.split(b"\n"))


def cards_digest(cards: Sequence[bytes]) -> str | None:
    """The bundle's SHA-256, or None where there are no cards."""
    return digest_of(bundle(cards)) if cards else None
