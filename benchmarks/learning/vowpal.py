"""Vowpal Wabbit as a contextual bandit, in this process: its own text format, words and word pairs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from vowpalwabbit import Workspace

from benchmarks.learning.streams import Stream

COMMON = "--cb_explore_adf --interactions sa --ngram s2 --bit_precision 22 --quiet"
FEW_AGENTS = 20
"""More make VW so slow that only one setting of each algorithm is run."""

# The first of each algorithm was best on CLINC150 with other seeds; the default learning rate is .5.
_GRID = {
    "vw squarecb": (
        "--squarecb --learning_rate 2 --gamma_scale 1000",
        "--squarecb --learning_rate 2",
        "--squarecb --learning_rate 0.5",
    ),
    "vw synthcover": (
        "--synthcover --learning_rate 1",
        "--synthcover --learning_rate 2",
        "--synthcover --learning_rate 0.5",
    ),
}
_MANY_AGENTS = {
    "vw squarecb": ("--squarecb --learning_rate 4",),
    "vw synthcover": ("--synthcover --learning_rate 2",),
}
_WORD = re.compile(r"\w+")


def settings_for(agents: int, quick: bool) -> Mapping[str, tuple[str, ...]]:
    """The grid of each algorithm for so many agents; a single setting if it has to be quick."""
    if agents > FEW_AGENTS:
        return _MANY_AGENTS
    return {name: grid[:1] for name, grid in _GRID.items()} if quick else _GRID


class VowpalWabbit:
    """Words and word pairs of the query, crossed with the agent and, where there is one, its card's words."""

    def __init__(self, stream: Stream, seed: int, settings: str) -> None:
        self._workspace = Workspace(f"{COMMON} --random_seed {seed} {settings}")
        self._rng = np.random.default_rng(seed)
        cards = stream.cards or (None,) * len(stream.agents)
        self._agents = [
            " ".join(["|a", f"agent_{place}", *(f"card_{word}" for word in _words(card or ""))])
            for place, card in enumerate(cards)
        ]

    def decide(self, query: str) -> int:
        """The place of the agent that is drawn."""
        self._examples = self._workspace.parse(self._lines(query))
        shares = np.array(self._workspace.predict(self._examples))
        cumulative = np.cumsum(shares)
        place = int(np.searchsorted(cumulative, self._rng.random() * cumulative[-1], side="right"))
        self._last = place, float(shares[place])
        return place

    def learn(self, reward: float) -> None:
        """Learn the reward in [0, 1] of the last decision."""
        place, propensity = self._last
        # The examples that were parsed to decide; the first one is the query's own.
        self._examples[place + 1].set_label_string(f"0:{1.0 - reward}:{propensity}")
        self._workspace.learn(self._examples)
        self._workspace.finish_example(self._examples)

    def greedy(self, query: str) -> int:
        """The place of the likeliest agent; nothing is learned."""
        return int(np.argmax(self._workspace.predict(self._lines(query))))

    def _lines(self, query: str) -> list[str]:
        return [f"shared |s {' '.join(_words(query))}", *self._agents]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
