"""What a program makes of held-out decisions, asked once each and several at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
from numpy.typing import NDArray

from signalbox.events import Experience
from signalbox.policy import DecisionFeatures, DecisionPolicy
from signalbox.program import SignatureSpec, inputs_of

Question = tuple[tuple[str, ...], tuple[str, ...]]


class AskedProgram:
    """A program's distributions for these experiences, and for no other decisions.

    Every question is a call of a language model, so what was asked once isn't asked again, and up to `threads`
    are asked at the same time. Raises what the program raises.
    """

    def __init__(
        self, spec: SignatureSpec, program: DecisionPolicy, experiences: Sequence[Experience], threads: int
    ) -> None:
        self._spec = spec
        asked: dict[Question, tuple[DecisionFeatures, tuple[str, ...]]] = {}
        for item in experiences:
            query, candidates = DecisionFeatures.of(item.decision), item.decision.candidate_agents
            asked.setdefault(self._question(query, candidates), (query, candidates))
        with ThreadPoolExecutor(threads) as pool:
            # Each call in a copy of this context, so that who traces the training traces them, too.
            calls = [(copy_context(), question) for question in asked.values()]
            answers = pool.map(lambda call: call[0].run(program.probabilities, *call[1]), calls)
            known: dict[Question, NDArray[np.float64]] = dict(zip(asked, answers, strict=True))
        self._known = known

    @property
    def questions(self) -> int:
        """How many different questions there were."""
        return len(self._known)

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """What the program answered."""
        return self._known[self._question(query, candidates)]

    def _question(self, query: DecisionFeatures, candidates: Sequence[str]) -> Question:
        """All that the program sees of a decision."""
        return tuple(inputs_of(self._spec, query, candidates).values()), tuple(candidates)
