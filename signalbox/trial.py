"""A candidate on live traffic: drawn against the champion where they disagree, or alone for a share of ids."""

from __future__ import annotations

from collections.abc import Sequence

from signalbox.topics import stable_hash

_HASHES = 2**64


def best(probabilities: Sequence[float]) -> list[bool]:
    """Which places a policy takes when it doesn't explore: those with its highest probability."""
    highest = max(probabilities)
    return [probability == highest for probability in probabilities]


def mixture(champion: Sequence[float], candidate: Sequence[float], share: float) -> list[float]:
    """The distribution of a draw that follows `candidate` with probability `share`, else `champion`.

    Both are whole distributions over the same places, exploration included, so what is drawn from the mixture
    has exactly the probability that the mixture says, whichever of the two it came from.
    """
    rest = 1.0 - share
    # Rounding may lift a sum above 1, which no probability may be.
    return [min(rest * p + share * q, 1.0) for p, q in zip(champion, candidate, strict=True)]


def decided_by_canary(decision_id: str, share: float) -> bool:
    """Whether a canary with this share decides: the same answer for one id in every process, at any time.

    Ids are spread evenly, and those of a small share are among those of a larger one.
    """
    return stable_hash(f"canary/{decision_id}") < share * _HASHES
