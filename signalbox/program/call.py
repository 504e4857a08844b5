"""Asks the prompt program in force, aside from the event loop and for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from signalbox.errors import ProgramError
from signalbox.preference import Preference, Question, confidences
from signalbox.program import ProgramDecision, ProgramPolicy
from signalbox.program.slot import ActiveProgram, ProgramSource

if TYPE_CHECKING:
    import dspy


class Advice(NamedTuple):
    """What a program recommends, and the distribution around that, as its exploration makes it."""

    place: int
    reasoning: str
    preference: Preference


class ProgramCall:
    """Calls of a language model in threads of its own, at most `concurrency` at a time.

    A call that has not ended after `timeout_s` seconds is not waited for; its thread is free again when the
    language model's own time limit ends it. Until then, calls that find no free thread wait, within their time.
    """

    def __init__(
        self,
        programs: ProgramSource | None,
        language_model: dspy.LM | None,
        *,
        timeout_s: float = 30.0,
        concurrency: int = 4,
    ) -> None:
        self._programs = programs
        self._language_model = language_model
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="signalbox-program")

    @property
    def is_ready(self) -> bool:
        """Whether there are a gated program and a language model to run it."""
        return self._language_model is not None and self._active() is not None

    async def ask(self, question: Question, gone: frozenset[str] = frozenset()) -> Advice:
        """The program's advice; raises `ProgramError`, which says in a few words what went wrong.

        Agents that have `gone` get probability 0, unless all candidates have.
        """
        active = self._active()
        if active is None or self._language_model is None:
            raise ProgramError("no program is in force, or no language model is configured")
        candidates = list(question.candidates)
        present = [agent for agent in candidates if agent not in gone] or candidates
        epsilon = active.manifest.epsilon if active.manifest else 0.0
        policy = ProgramPolicy(active.program, self._language_model, epsilon)
        (agent, confidence, reasoning), shares = await self._aside(
            lambda: policy.decide(question.features, present)
        )
        given = dict(zip(present, shares.tolist(), strict=True))
        place = candidates.index(agent)
        values = confidences(confidence, place, len(candidates))
        return Advice(place, reasoning, Preference([given.get(a, 0.0) for a in candidates], active, values))

    def close(self) -> None:
        """Begin no further call."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _active(self) -> ActiveProgram | None:
        return self._programs.current if self._programs else None

    async def _aside(self, decide: Callable[[], ProgramDecision]) -> ProgramDecision:
        call = asyncio.get_running_loop().run_in_executor(self._threads, _shielded, decide)
        try:
            return await asyncio.wait_for(call, self._timeout_s)
        except TimeoutError:
            raise ProgramError(f"the program did not answer within {self._timeout_s:g} s") from None


def _shielded(decide: Callable[[], ProgramDecision]) -> ProgramDecision:
    """A program's decision; whatever else it raises becomes a `ProgramError`, because a router must decide.

    A spent budget is a `BaseException`, lest DSPy swallow it. Only the kind of an error is told: the text of
    one that isn't ours may hold the prompt.
    """
    try:
        return decide()
    except ProgramError:
        raise
    except BaseException as error:
        raise ProgramError(f"the program failed: {type(error).__name__}") from error
