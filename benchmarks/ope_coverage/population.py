"""Queries to draw logs from, with two policies whose true values are known."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from benchmarks.learning.corpus import corpus
from models.examples import Examples, Places, Vectors
from models.ope import PolicyEvidence, cross_fit, fit_reward_model
from signalbox.policy import DecisionFeatures, FeatureConfiguration, Featurizer

LOGGER_QUERIES, TARGET_QUERIES = 500, 2_500
_WORDS = 1 << 16


@dataclass(frozen=True)
class Population:
    """m queries: their vectors, the right agent of each, and what the two policies would choose, all (m,)."""

    name: str
    agents: int
    vectors: Vectors
    right: Places
    logger: Places
    target: Places

    @property
    def truth(self) -> float:
        """The target's value: the share of the queries for which it chooses the right agent."""
        return float((self.target == self.right).mean())

    @property
    def disagreement(self) -> float:
        """The share of the queries on which the two choose differently."""
        return float((self.target != self.logger).mean())

    def log(self, size: int, epsilon: float, folds: Places, rng: np.random.Generator) -> PolicyEvidence:
        """`size` queries, drawn with replacement, as the epsilon-greedy logger would log them."""
        drawn = rng.integers(0, len(self.right), size)
        logged = np.full((size, self.agents), epsilon / self.agents)
        rows = np.arange(size)
        logged[rows, self.logger[drawn]] += 1.0 - epsilon
        explores = rng.random(size) < epsilon
        chosen = np.where(explores, rng.integers(0, self.agents, size), self.logger[drawn])
        rewards = (chosen == self.right[drawn]).astype(np.float64)
        examples = Examples(
            agents=tuple(str(agent) for agent in range(self.agents)),
            vectors=self.vectors.select(drawn),
            eligible=np.ones(logged.shape, dtype=np.bool_),
            chosen=chosen,
            rewards=rewards,
            propensities=logged[rows, chosen],
        )
        evaluated = np.eye(self.agents)[self.target[drawn]]
        return PolicyEvidence.of(rewards, chosen, logged, evaluated, cross_fit(examples, folds))


def population_of(seed: int) -> Population:
    """A classifier trained on 500 queries, one trained on 2,500 others, and all the queries that remain.

    The queries are CLINC150's with its domains as agents, or generated ones where its files are absent. The
    classifiers see words only, so that they leave something to evaluate.
    """
    source = corpus()
    texts = source.train.texts + source.test.texts
    right = source.domain_of[np.concatenate([source.train.intents, source.test.intents])]
    words = _words_of(texts)
    order = np.random.default_rng(seed).permutation(len(texts))
    first, second, rest = np.split(order, [LOGGER_QUERIES, LOGGER_QUERIES + TARGET_QUERIES])
    pool = words.select(rest)
    logger, target = (
        _classifier(words.select(part), right[part], source.domains, pool) for part in (first, second)
    )
    vectors = _vectors_of(tuple(texts[place] for place in rest))
    return Population(source.name, source.domains, vectors, right[rest], logger, target)


def _vectors_of(texts: tuple[str, ...]) -> Vectors:
    """The texts as the router would see them."""
    featurizer = Featurizer(FeatureConfiguration())
    pairs = [featurizer.vector(DecisionFeatures(text)) for text in texts]
    return Vectors(
        starts=np.cumsum([0, *(len(rows) for rows, _ in pairs)], dtype=np.intp),
        rows=np.concatenate([rows for rows, _ in pairs]),
        values=np.concatenate([values for _, values in pairs]),
    )


def _words_of(texts: tuple[str, ...]) -> Vectors:
    """The texts as sets of hashed words."""
    rows = [np.unique([crc32(word.encode()) % _WORDS for word in text.lower().split()]) for text in texts]
    starts = np.cumsum([0, *map(len, rows)], dtype=np.intp)
    return Vectors(starts, np.concatenate(rows).astype(np.intp), np.ones(starts[-1], dtype=np.float32))


def _classifier(vectors: Vectors, right: Places, agents: int, pool: Vectors) -> Places:
    """What a model with full information, from these queries, chooses for the pool."""
    each = np.repeat(np.arange(len(right)), agents)
    chosen = np.tile(np.arange(agents), len(right))
    examples = Examples(
        agents=tuple(str(agent) for agent in range(agents)),
        vectors=vectors.select(each),
        eligible=np.ones((len(each), agents), dtype=np.bool_),
        chosen=chosen,
        rewards=(chosen == right[each]).astype(np.float64),
        propensities=np.ones(len(each)),
    )
    choices: Places = fit_reward_model(examples).predict(pool).argmax(axis=1)
    return choices
