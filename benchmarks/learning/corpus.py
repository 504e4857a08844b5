"""Queries with intents, and the intents in domains: CLINC150 if it lies beside the project, else generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

CLINC150 = Path(__file__).parents[3] / "shared" / "data" / "clinc150"
"""Larson et al., "An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction", 2019."""

_DOMAINS, _INTENTS_A_DOMAIN = 10, 15
_TRAIN_AN_INTENT, _TEST_AN_INTENT = 100, 30
_CORPUS_SEED = 1
_WORDS = {"common": 400, "domain": 40, "intent": 8}
_SHARES = {"common": 0.5, "domain": 0.25, "intent": 0.25}


@dataclass(frozen=True)
class Queries:
    """n texts, and `intents` (n,), each one's place among the corpus's intents."""

    texts: tuple[str, ...]
    intents: NDArray[np.intp]

    def take(self, places: NDArray[np.intp]) -> Queries:
        """Those at these places, in that order."""
        return Queries(tuple(self.texts[place] for place in places), self.intents[places])


@dataclass(frozen=True)
class Corpus:
    """Queries with their intents; `domain_of` (intents,) is the place of each intent's domain."""

    name: str
    intents: tuple[str, ...]
    domain_of: NDArray[np.intp]
    train: Queries
    test: Queries

    @property
    def domains(self) -> int:
        """How many there are."""
        return int(self.domain_of.max()) + 1


@cache
def corpus() -> Corpus:
    """CLINC150, or the generated queries where its files are absent."""
    return clinc150(CLINC150) if (CLINC150 / "data_full.json").exists() else generated()


def clinc150(folder: Path) -> Corpus:
    """15,000 queries to learn from and 4,500 to test with, of 150 intents in 10 domains."""
    domains = orjson.loads((folder / "domains.json").read_bytes())
    rows = orjson.loads((folder / "data_full.json").read_bytes())
    intents = sorted(intent for members in domains.values() for intent in members)
    place = {intent: i for i, intent in enumerate(intents)}
    domain = {intent: i for i, members in enumerate(domains.values()) for intent in members}

    def read(part: str) -> Queries:
        texts, found = zip(*rows[part], strict=True)
        return Queries(texts, np.array([place[intent] for intent in found]))

    domain_of = np.array([domain[intent] for intent in intents])
    return Corpus("CLINC150", tuple(intents), domain_of, read("train"), read("test"))


@cache
def generated() -> Corpus:
    """As many queries in the same two levels, made up: words that all use, words of a domain and of an intent.

    An intent's name is two of its own words, so that cards say something. The same in every run.
    """
    rng = np.random.default_rng(_CORPUS_SEED)
    common = _vocabulary(rng, _WORDS["common"])
    domains = [_vocabulary(rng, _WORDS["domain"]) for _ in range(_DOMAINS)]
    intents = [_vocabulary(rng, _WORDS["intent"]) for _ in range(_DOMAINS * _INTENTS_A_DOMAIN)]

    def write(an_intent: int) -> Queries:
        of = np.repeat(np.arange(len(intents)), an_intent)
        texts = [_text(rng, (common, domains[i // _INTENTS_A_DOMAIN], intents[i])) for i in of.tolist()]
        return Queries(tuple(texts), of)

    names = tuple(f"{words[0]}_{words[1]}" for words in intents)
    domain_of = np.arange(len(intents)) // _INTENTS_A_DOMAIN
    return Corpus("generated", names, domain_of, write(_TRAIN_AN_INTENT), write(_TEST_AN_INTENT))


def _vocabulary(rng: np.random.Generator, size: int) -> list[str]:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    return ["".join(rng.choice(letters, int(rng.integers(3, 9)))) for _ in range(size)]


def _text(rng: np.random.Generator, vocabularies: Sequence[Sequence[str]]) -> str:
    """Four to twelve words, frequent and rare ones as in language."""
    kinds = rng.choice(len(vocabularies), int(rng.integers(4, 13)), p=list(_SHARES.values()))
    return " ".join(_word(rng, vocabularies[kind]) for kind in kinds.tolist())


def _word(rng: np.random.Generator, vocabulary: Sequence[str]) -> str:
    return vocabulary[int(len(vocabulary) ** rng.random()) - 1]
