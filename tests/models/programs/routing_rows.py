"""Labelled queries for the tests of programs, of which the offline model can learn."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adapters.language_model import offline_lm
from models.programs import OptimisedProgram, ProgramConfiguration, ProgramExample, Progress, optimise
from signalbox.program import ROUTING_POLICY
from tests.models.logs import AGENTS, kind_of, query_of

SPEC = ROUTING_POLICY


def row(query: str, agent: str | None, name: str = "row", **known: Any) -> ProgramExample:
    inputs = dict.fromkeys(SPEC.inputs, "") | {"query": query, "candidates": ", ".join(AGENTS)}
    outputs = None if agent is None else {"recommended_agent": agent, "confidence": "0.90"}
    return ProgramExample(name=name, inputs=inputs, outputs=outputs, candidates=AGENTS, **known)


def rows(count: int, seed: int = 0, shift: int = 0) -> list[ProgramExample]:
    """Agent k is right for queries of kind k or, with `shift`, another one is."""
    rng = np.random.default_rng(seed)
    queries = [query_of(rng) for _ in range(count)]
    return [
        row(query, AGENTS[(kind_of(query) + shift) % len(AGENTS)], str(place))
        for place, query in enumerate(queries)
    ]


def train(
    name: str,
    examples: Sequence[ProgramExample],
    progress: Callable[[Progress], None] = lambda _: None,
    *,
    lm: Any = None,
    **changes: Any,
) -> OptimisedProgram:
    """Run this optimiser alone, with the offline model unless another is given."""
    settings = {"force_optimizer": name, "enable_multi_stage": False, "concurrency": 1, **changes}
    return optimise(SPEC, examples, lm or offline_lm(), ProgramConfiguration(**settings), progress)
