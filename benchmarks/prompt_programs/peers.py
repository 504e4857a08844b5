"""What needs no optimiser: the untrained program, labelled demonstrations, and the nearest neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.programs import ProgramConfiguration, ProgramExample, score_program
from models.programs.optimisers.task import dspy_examples
from signalbox.program import ROUTING_POLICY, dump_state, fresh_module


def peers(training: Sequence[ProgramExample], held_out: Sequence[ProgramExample], lm: Any) -> dict[str, float]:
    """The accuracy of each on the held-out queries."""
    return {
        "untrained": accuracy(None, held_out, lm),
        "labelled few-shot": accuracy(_labelled_few_shot(training), held_out, lm),
        "nearest neighbour": _nearest(training, held_out),
    }


def accuracy(state: dict[str, Any] | None, held_out: Sequence[ProgramExample], lm: Any) -> float:
    """The share of the held-out queries to which the program gives the right agent."""
    return float(score_program(ROUTING_POLICY, state, held_out, lm, 1).mean())


def _labelled_few_shot(training: Sequence[ProgramExample]) -> dict[str, Any]:
    import dspy

    optimiser = dspy.LabeledFewShot(k=ProgramConfiguration().max_demos)
    return dump_state(optimiser.compile(fresh_module(ROUTING_POLICY), trainset=dspy_examples(training)))


def _nearest(training: Sequence[ProgramExample], held_out: Sequence[ProgramExample]) -> float:
    """The label of the training query that shares most of its words (Jaccard), without any program."""
    words = [_words(row) for row in training]
    right = []
    for row in held_out:
        asked = _words(row)
        nearest = int(np.argmax([len(asked & known) / len(asked | known) for known in words]))
        right.append(training[nearest].outputs == row.outputs)
    return float(np.mean(right))


def _words(row: ProgramExample) -> set[str]:
    return set(row.inputs["query"].lower().split())
