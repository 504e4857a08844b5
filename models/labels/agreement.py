"""How far an annotator that is no person agrees with people, and what its labels therefore weigh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from models.labels.choice import newest_annotations
from signalbox.events import Annotation

LEAST_COMMON = 20
"""Decisions that both have labelled, before the agreement is believed."""
UNPROVEN = 0.5
"""What a model's labels weigh until then."""


@dataclass(frozen=True)
class Agreement:
    """`share` of the `common` decisions on which people gave the same label, both in [0, 1] or None for none.

    `kappa` is what is left of it after what chance would give (Cohen, "A coefficient of agreement for nominal
    scales", 1960): 1 is perfect, 0 is chance. `weight` in [0, 1] is what the labels weigh in training.
    """

    common: int
    share: float | None
    kappa: float | None
    weight: float


def trust_of(annotations: Iterable[Annotation], min_agreement: float) -> dict[str, Agreement]:
    """The agreement of every annotator that is no person, by name.

    From `min_agreement` on a label weighs its annotator's share of agreement; below, that times its square
    over the threshold's, so that the weight falls quickly and without a step.
    """
    pairs: dict[str, list[tuple[str, str]]] = {}
    for labels in newest_annotations(annotations).values():
        people = next((item for item in labels if item.kind == "human" and not item.requires_review), None)
        for item in labels:
            if item.kind != "human":
                known = pairs.setdefault(item.annotator, [])
                # An approved label is a person's word on this very label, not a second opinion.
                if people is not None and not item.reviewed:
                    known.append((item.label, people.label))
    return {annotator: _agreement(found, min_agreement) for annotator, found in sorted(pairs.items())}


def _agreement(pairs: list[tuple[str, str]], min_agreement: float) -> Agreement:
    if not pairs:
        return Agreement(0, None, None, UNPROVEN)
    share = sum(one == other for one, other in pairs) / len(pairs)
    return Agreement(len(pairs), share, _kappa(pairs, share), _weight(len(pairs), share, min_agreement))


def _weight(common: int, share: float, min_agreement: float) -> float:
    if common < LEAST_COMMON:
        return UNPROVEN
    return share if share >= min_agreement else share * (share / min_agreement) ** 2


def _kappa(pairs: list[tuple[str, str]], share: float) -> float | None:
    """None where chance alone would give perfect agreement."""
    ours, theirs = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(ours[label] * theirs[label] for label in ours) / len(pairs) ** 2
    return None if chance == 1.0 else (share - chance) / (1.0 - chance)
