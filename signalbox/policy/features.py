"""A decision as a sparse vector: hashed words, word pairs, character n-grams, entities and the modality."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import chain
from math import sqrt
from typing import Annotated
from zlib import crc32

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from signalbox.events import Entity, Relationship, RoutingDecision
from signalbox.policy.distinct import Distinct, Rows

_WORD = re.compile(r"\w+")
_WORD_LENGTH = 24
"""Longer words are cut: they are identifiers or unsegmented scripts, whose tail says little."""
_CACHED_WORDS = 50_000
"""About 25 MB; then the cache starts anew. What is cached follows from the word alone."""
# Start values of the checksum, so that a word, a pair, an n-gram and an entity of one spelling differ.
_WORDS, _GRAMS, _ENTITIES, _LABELS, _MODALITIES, _ANALYSIS = 11, 23, 37, 53, 71, 89

Vector = tuple[Rows, NDArray[np.float32]]
_Word = tuple[int, bytes, bytes]
"""A word's checksum, what continues the checksum of a pair with it, and the rows of its n-grams."""


class FeatureConfiguration(Struct, frozen=True, kw_only=True):
    """How a decision becomes a vector; part of the artifact, because another vector needs other weights."""

    bits: Annotated[int, Meta(ge=8, le=22)] = 18
    shortest_gram: Annotated[int, Meta(ge=1, le=8)] = 3
    longest_gram: Annotated[int, Meta(ge=1, le=8)] = 5
    max_words: Annotated[int, Meta(ge=1, le=2048)] = 128


class DecisionFeatures(Struct, frozen=True):
    """What a policy may know of a query before it decides.

    `cost_weight` is what a unit of an agent's cost takes from the reward; None leaves it to the policy.
    Relationships and the enhanced query are for prompt programs; no hashed feature is made of them.
    """

    query: str
    entities: Sequence[Entity] = ()
    modality: str = "text"
    cost_weight: float | None = None
    relationships: Sequence[Relationship] = ()
    enhanced_query: str | None = None
    query_analysis: Mapping[str, str] | None = None

    @classmethod
    def of(cls, decision: RoutingDecision) -> DecisionFeatures:
        """What the router knew when it took this decision."""
        return cls(
            decision.query,
            decision.entities,
            decision.modality,
            decision.cost_weight,
            decision.relationships,
            decision.enhanced_query,
            decision.query_analysis,
        )


class Featurizer:
    """Decisions to sparse vectors, the same in every process; safe to share between threads.

    Each block (words, word pairs, character n-grams, entities, a modality but text, what an analysis said of
    the query) is binary and has the Euclidean norm 1, so that many n-grams don't drown a few words.
    """

    def __init__(self, configuration: FeatureConfiguration) -> None:
        self.configuration = configuration
        self._mask = (1 << configuration.bits) - 1
        self._lengths = range(configuration.shortest_gram, configuration.longest_gram + 1)
        self._words: dict[str, _Word] = {}
        longest = configuration.max_words * (_WORD_LENGTH + 2) * len(self._lengths)
        self._distinct = Distinct(1 << configuration.bits, longest)
        self._latest: tuple[DecisionFeatures, Vector] | None = None

    @staticmethod
    @cache
    def shared(configuration: FeatureConfiguration) -> Featurizer:
        """One for all policies of this configuration, so that a new policy knows the words already."""
        return Featurizer(configuration)

    def vector(self, features: DecisionFeatures) -> Vector:
        """The rows (each below 2**bits) that are not zero, and their values; both of shape (n,), n >= 1.

        The arrays belong to the featurizer: whoever asks for the same features next gets them too.
        """
        latest = self._latest
        if latest is not None and latest[0] is features:  # a trial asks two policies about one query
            return latest[1]
        vector = self._vector(features)
        self._latest = features, vector
        return vector

    def _vector(self, features: DecisionFeatures) -> Vector:
        mask, known = self._mask, self._words
        words: dict[int, None] = {}
        pairs: dict[int, None] = {}
        grams: list[bytes] = []
        before = 0
        for word in _WORD.findall(features.query.lower())[: self.configuration.max_words]:
            code, tail, own_grams = known.get(word) or self._learn(word)
            if before:
                pairs[crc32(tail, before) & mask] = None
            before = code
            words[code & mask] = None
            grams.append(own_grams)
        others: list[Collection[int]] = []
        if features.entities:
            others.append(self._entities(features.entities))
        # Text goes without saying: a row that every query has would be a second bias that learns too fast.
        if features.modality != "text" or not words:
            others.append([crc32(features.modality.encode(), _MODALITIES) & mask])
        if features.query_analysis:
            others.append(self._analysis(features.query_analysis))
        return _joined((words, pairs), self._distinct.of(np.frombuffer(b"".join(grams), np.intp)), others)

    def _entities(self, entities: Sequence[Entity]) -> dict[int, None]:
        rows = [crc32(entity.text.lower().encode(), _ENTITIES) & self._mask for entity in entities]
        rows += [crc32(entity.label.lower().encode(), _LABELS) & self._mask for entity in entities]
        return dict.fromkeys(rows)

    def _analysis(self, found: Mapping[str, str]) -> dict[int, None]:
        return dict.fromkeys(
            crc32(f"{field}={found[field].lower()}".encode(), _ANALYSIS) & self._mask for field in sorted(found)
        )

    def _learn(self, word: str) -> _Word:
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        cut = word[:_WORD_LENGTH]
        padded = f"<{cut}>"
        grams = [
            crc32(padded[start : start + length].encode(), _GRAMS) & self._mask
            for length in self._lengths
            for start in range(len(padded) - length + 1)
        ]
        # Bytes, because half a million small objects would slow every full garbage collection down.
        entry = (crc32(cut.encode(), _WORDS), f" {cut}".encode(), np.array(grams, np.intp).tobytes())
        self._words[word] = entry
        return entry


def _joined(words: Sequence[Collection[int]], grams: Rows, others: Sequence[Collection[int]]) -> Vector:
    """The distinct rows of each block, one block after the other, with values that give each the norm 1."""
    parts = [np.array([*chain.from_iterable(words)], np.intp), grams]
    if others:
        parts.append(np.array([*chain.from_iterable(others)], np.intp))
    rows = np.concatenate(parts)
    values = np.empty(len(rows), np.float32)
    start = 0
    for block in (*words, grams, *others):
        if size := len(block):
            values[start : start + size] = 1.0 / sqrt(size)
            start += size
    return rows, values
