"""Simulated logs of an epsilon-greedy champion, as the evidence that the screen makes of them."""

from __future__ import annotations

import numpy as np

from benchmarks.gate_error.world import CHAMPION, Candidate, disagreements
from models.gate.evidence import Arms, Evidence, Floats, Side

AGENTS = 10
SIGNAL, NOISE, FAVOUR = 1.0, 1.0, 0.5
"""The reward model's log-odds: by so much higher where the agent is right, the standard deviation of their
error, and by how much they overrate the candidate's agents, whom it was trained to choose."""
MODEL_AUC = 0.76
"""How often such a model ranks a right agent above a wrong one: Phi(SIGNAL / (sqrt(2) NOISE))."""


def log(
    rng: np.random.Generator, decisions: int, epsilon: float, share: float, candidate: Candidate
) -> Evidence:
    """The held-out log of a champion that explores uniformly with `epsilon`, as the candidate would."""
    apart, earned = disagreements(rng, decisions, share, candidate)
    rare, often = epsilon / AGENTS, 1.0 - epsilon + epsilon / AGENTS
    draw = rng.random(decisions)
    champion_taken = draw < often
    candidate_taken = np.where(apart, (draw >= often) & (draw < often + rare), champion_taken)
    rewards = (rng.random(decisions) < (CHAMPION - share / 2) / (1 - share)).astype(np.float64)
    rewards[apart] = np.choose(
        champion_taken[apart] + 2 * candidate_taken[apart], [0.0, earned.champion, earned.candidate]
    )
    logged = np.where(champion_taken, often, rare)
    places = np.flatnonzero(apart)
    ones = np.ones(len(places))
    arms = Arms(
        row=np.concatenate([places, places]),
        difference=(often - rare) * np.concatenate([ones, -ones]),
        logged=np.concatenate([rare * ones, often * ones]),
        belief=np.concatenate([_belief(rng, earned.candidate, FAVOUR), _belief(rng, earned.champion, 0.0)]),
        taken=np.concatenate([candidate_taken[apart], champion_taken[apart]]),
    )
    return Evidence(
        rewards=rewards,
        belief=np.full(decisions, CHAMPION),
        logged_by=np.zeros(decisions, dtype=np.intp),
        first=_side(np.where(candidate_taken, often, rare) / logged),
        second=_side(np.ones(decisions)),
        arms=arms,
    )


def _belief(rng: np.random.Generator, rewards: Floats, favour: float) -> Floats:
    odds = SIGNAL * (rewards - 0.5) + favour + NOISE * rng.standard_normal(len(rewards))
    belief: Floats = 1.0 / (1.0 + np.exp(-odds))
    return belief


def _side(weights: Floats) -> Side:
    nothing = np.zeros(len(weights))
    return Side(weights, np.square(weights), np.full(len(weights), CHAMPION), nothing, nothing)
