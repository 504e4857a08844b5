"""What is routed: queries in a seeded order, and what each agent would earn with each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.corpus import Corpus

Rewards = NDArray[np.float32]


@dataclass(frozen=True)
class Stream:
    """n queries to decide one after the other, and m to test with afterwards, for k agents.

    `expected` (n, k) and `test_expected` (m, k) hold mean rewards in [0, 1]; `received` (n, k) those that would
    be fed back, noise included. `cards` holds a text for each agent, or None where nothing is known of it.
    """

    name: str
    data: str
    agents: tuple[str, ...]
    queries: tuple[str, ...]
    expected: Rewards
    received: Rewards
    test_queries: tuple[str, ...]
    test_expected: Rewards
    cards: tuple[str | None, ...] | None = None

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def optimum(self) -> float:
        """The mean reward of always choosing the best agent."""
        return float(self.expected.max(axis=1).mean(dtype=np.float64))

    def shortened(self, queries: int, tests: int) -> Stream:
        """The first of its queries, and of those to test with, which are in random order too."""
        return replace(
            self,
            queries=self.queries[:queries],
            expected=self.expected[:queries],
            received=self.received[:queries],
            test_queries=self.test_queries[:tests],
            test_expected=self.test_expected[:tests],
        )


def opaque(count: int) -> tuple[str, ...]:
    """Names of agents that say nothing."""
    return tuple(f"agent-{place:03}" for place in range(count))


def from_table(
    name: str,
    corpus: Corpus,
    table: NDArray[np.float64],
    rng: np.random.Generator,
    cards: Sequence[str] | None = None,
) -> Stream:
    """The corpus in random order, where `table` (intents, agents) says what is earned, without noise."""
    train = corpus.train.take(rng.permutation(len(corpus.train.texts)))
    test = corpus.test.take(rng.permutation(len(corpus.test.texts)))
    expected = table.astype(np.float32)[train.intents]
    return Stream(
        name=name,
        data=corpus.name,
        agents=opaque(table.shape[1]),
        queries=train.texts,
        expected=expected,
        received=expected,
        test_queries=test.texts,
        test_expected=table.astype(np.float32)[test.intents],
        cards=None if cards is None else tuple(cards),
    )


def by_domain(corpus: Corpus) -> NDArray[np.float64]:
    """(intents, domains): the domain's own agent earns 1, all others 0."""
    return np.eye(corpus.domains)[corpus.domain_of]


def by_intent(corpus: Corpus, same_domain: float = 0.0) -> NDArray[np.float64]:
    """(intents, intents): the intent's own agent earns 1, those of its domain `same_domain`, all others 0."""
    near = corpus.domain_of[:, None] == corpus.domain_of[None, :]
    return np.where(np.eye(len(corpus.intents), dtype=bool), 1.0, same_domain * near)


def cards_of(corpus: Corpus) -> list[str]:
    """The intents' names as texts."""
    return [intent.replace("_", " ") for intent in corpus.intents]
