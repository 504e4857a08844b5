"""A decision as a sparse vector: hashed words, word pairs, character n-grams, entities and the modality."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import sqrt
from typing import Annotated
from zlib import crc32

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from signalbox.events import Entity, RoutingDecision

_WORD = re.compile(r"\w+")
_WORD_LENGTH = 24
"""Longer words are cut: they are identifiers or unsegmented scripts, whose tail says little."""
_CACHED_WORDS = 50_000
"""About 40 MB; then the cache starts anew. What is cached follows from the word alone."""
# Start values of the checksum, so that a word, a pair, an n-gram and an entity of one spelling differ.
_WORDS, _GRAMS, _ENTITIES, _LABELS, _MODALITIES = 11, 23, 37, 53, 71


class FeatureConfiguration(Struct, frozen=True, kw_only=True):
    """How a decision becomes a vector; part of the artifact, because another vector needs other weights."""

    bits: Annotated[int, Meta(ge=8, le=22)] = 18
    shortest_gram: Annotated[int, Meta(ge=1, le=8)] = 3
    longest_gram: Annotated[int, Meta(ge=1, le=8)] = 5
    max_words: Annotated[int, Meta(ge=1, le=2048)] = 128


@dataclass(frozen=True, slots=True)
class DecisionFeatures:
    """What a policy may know of a query before it decides.

    `cost_weight` is what a unit of an agent's cost takes from the reward; None leaves it to the policy.
    """

    query: str
    entities: Sequence[Entity] = ()
    modality: str = "text"
    cost_weight: float | None = None

    @classmethod
    def of(cls, decision: RoutingDecision) -> DecisionFeatures:
        """What the router knew when it took this decision."""
        return cls(decision.query, decision.entities, decision.modality, decision.cost_weight)


class Featurizer:
    """Decisions to sparse vectors, the same in every process.

    Each block (words, word pairs, character n-grams, entities, a modality but text) is binary and has the
    Euclidean norm 1, so that a long query's many n-grams don't drown its few words.
    """

    def __init__(self, configuration: FeatureConfiguration) -> None:
        self.configuration = configuration
        self._mask = (1 << configuration.bits) - 1
        self._lengths = range(configuration.shortest_gram, configuration.longest_gram + 1)
        self._words: dict[str, tuple[int, bytes, list[int]]] = {}

    def vector(self, features: DecisionFeatures) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The rows (each below 2**bits) that are not zero, and their values; both of shape (n,), n >= 1."""
        mask, known = self._mask, self._words
        words: list[int] = []
        pairs: list[int] = []
        grams: list[int] = []
        before = 0
        for word in _WORD.findall(features.query.lower())[: self.configuration.max_words]:
            code, tail, word_grams = known.get(word) or self._learn(word)
            if before:
                pairs.append(crc32(tail, before) & mask)
            before = code
            words.append(code & mask)
            grams += word_grams
        blocks = [words, pairs, grams]
        if features.entities:
            blocks.append(self._entities(features.entities))
        # Text goes without saying: a row that every query has would be a second bias that learns too fast.
        if features.modality != "text" or not words:
            blocks.append([crc32(features.modality.encode(), _MODALITIES) & mask])
        return _joined(blocks)

    def _entities(self, entities: Sequence[Entity]) -> list[int]:
        rows = [crc32(entity.text.lower().encode(), _ENTITIES) & self._mask for entity in entities]
        rows += [crc32(entity.label.lower().encode(), _LABELS) & self._mask for entity in entities]
        return rows

    def _learn(self, word: str) -> tuple[int, bytes, list[int]]:
        """The word's checksum, the bytes that continue a pair, and the rows of its n-grams."""
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        cut = word[:_WORD_LENGTH]
        padded = f"<{cut}>"
        grams = [
            crc32(padded[start : start + length].encode(), _GRAMS) & self._mask
            for length in self._lengths
            for start in range(len(padded) - length + 1)
        ]
        tail = f" {cut}".encode()
        entry = (crc32(cut.encode(), _WORDS), tail, grams)
        self._words[word] = entry
        return entry


def _joined(blocks: Sequence[list[int]]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The distinct rows of each block, one block after the other, with values that give each the norm 1."""
    distinct = [dict.fromkeys(block) for block in blocks if block]
    count = sum(map(len, distinct))
    values = np.empty(count, np.float32)
    start = 0
    for block in distinct:
        end = start + len(block)
        values[start:end] = 1.0 / sqrt(len(block))
        start = end
    return np.fromiter(chain.from_iterable(distinct), np.intp, count), values
