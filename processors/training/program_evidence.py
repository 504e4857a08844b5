"""Which held-out decisions a program is asked about: every question is a call of the language model."""

from __future__ import annotations

from collections.abc import Sequence

from signalbox.events import Experience


def most_telling(held_out: Sequence[Experience], most: int) -> list[Experience]:
    """At most so many that carry their probabilities, in their order: the widest draws, the newest of them.

    Where the router was nearly sure of its choice, the log can't show what another one would have earned; soon
    after a good policy has come into force, that is nearly everywhere. A choice by the logged distribution,
    which was fixed before agent and reward were known, leaves the estimates unbiased for the decisions chosen.
    """
    usable = [item for item in held_out if item.decision.probabilities and item.propensity]
    widest = sorted(range(len(usable)), key=lambda place: (_surest(usable[place]), -place))
    return [usable[place] for place in sorted(widest[:most])]


def _surest(item: Experience) -> float:
    """The largest probability of the draw, in tenths: within one, newer counts for more."""
    return round(max(item.decision.probabilities or (1.0,)), 1)
