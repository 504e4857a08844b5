"""A program as a policy: what it recommends, explored around as any other policy does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signalbox.errors import AnswerError
from signalbox.policy.exploration import epsilon_greedy
from signalbox.policy.features import DecisionFeatures
from signalbox.program.program import PromptProgram, Recommendation

if TYPE_CHECKING:
    import dspy


class ProgramDecision(NamedTuple):
    """A recommendation with the exact distribution over the candidates, shape (k,), around it."""

    recommendation: Recommendation
    probabilities: NDArray[np.float64]


class ProgramPolicy:
    """A `DecisionPolicy`: epsilon-greedy around the recommended agent, one language-model call a query.

    `lenient` is for the gate: where the program's answer is malformed or no candidate, the policy is uniform
    over the candidates, so that a bad answer costs the program what deciding by lot costs. Otherwise, as in
    serving, the `AnswerError` goes on to the caller, who has a baseline to fall back to. A language model that
    fails raises `ProgramError` in both cases: that says nothing about the program.
    """

    def __init__(self, program: PromptProgram, lm: dspy.LM, epsilon: float, *, lenient: bool = False) -> None:
        self.program = program
        self.epsilon = epsilon
        self._lm = lm
        self._lenient = lenient

    def decide(self, query: DecisionFeatures, candidates: Sequence[str]) -> ProgramDecision:
        """The recommendation and the distribution over `candidates`; raises `ProgramError`."""
        recommended = self.program.recommend(query, candidates, self._lm)
        shares = [float(agent == recommended.agent) for agent in candidates]
        return ProgramDecision(recommended, epsilon_greedy(shares, self.epsilon))

    def probabilities(self, query: DecisionFeatures, candidates: Sequence[str]) -> NDArray[np.float64]:
        """The exact distribution over `candidates`, in their order, exploration included."""
        try:
            return self.decide(query, candidates).probabilities
        except AnswerError:
            if not self._lenient:
                raise
            return np.full(len(candidates), 1.0 / len(candidates))
