"""How far the learning is, with the specification's keys."""

from __future__ import annotations

from typing import Any, TypedDict

from signalbox.in_force import ActivePolicy

_ROUNDED = 3


class OptimizationMetrics(TypedDict):
    """What came of the decisions; None is what whoever is asked can't know. Times are seconds since 1970."""

    total_experiences: int
    avg_reward: float | None
    successful_routes: int | None
    failed_routes: int | None
    success_rate: float | None
    confidence_accuracy: float | None
    agent_preferences: dict[str, float]
    improvement_rate: float | None
    last_updated: float | None


class OptimizationStatus(TypedDict):
    """`optimizer_ready` says that a policy which passed the gate is in force, and nothing else.

    `training_step` is how many policies were promoted one after the other up to that one; exploration decays by
    as many steps.
    """

    optimizer_ready: bool
    total_experiences: int
    experience_replay_size: int | None
    training_step: int
    current_epsilon: float
    metrics: OptimizationMetrics
    config: dict[str, Any]


def training_step(champion: ActivePolicy | None) -> int:
    """The promotions up to the policy in force."""
    return champion.manifest.lineage.promotions if champion else 0


def experiences_behind(champion: ActivePolicy | None) -> int:
    """How many experiences the policy in force was trained on."""
    return champion.manifest.lineage.training_samples if champion else 0


def current_epsilon(champion: ActivePolicy | None, epsilon: float) -> float:
    """The exploration of what is in force; `epsilon` is that of the baseline."""
    return champion.manifest.epsilon if champion else epsilon


def rounded(value: float | None) -> float | None:
    """A number as the specification shows it."""
    return None if value is None else round(value, _ROUNDED)


def router_status(champion: ActivePolicy | None, epsilon: float) -> OptimizationStatus:
    """What a router knows by itself: what the policy in force says of how it was made and judged."""
    estimates = champion.manifest.estimates if champion else {}
    calibration = champion.manifest.calibration if champion else None
    told = champion.manifest.lineage.configuration if champion else {}
    names = ("learning_rate", "batch_size", "experience_replay_size", "min_experiences")
    config = {name: told.get(name) for name in names}
    config["min_experiences_for_training"] = config.pop("min_experiences")
    total = experiences_behind(champion)
    return OptimizationStatus(
        optimizer_ready=champion is not None,
        total_experiences=total,
        experience_replay_size=None,
        training_step=training_step(champion),
        current_epsilon=current_epsilon(champion, epsilon),
        metrics=OptimizationMetrics(
            total_experiences=total,
            avg_reward=rounded(estimates["candidate"].value) if "candidate" in estimates else None,
            successful_routes=None,
            failed_routes=None,
            success_rate=None,
            confidence_accuracy=rounded(calibration.accuracy) if calibration else None,
            agent_preferences={},
            improvement_rate=rounded(estimates["improvement"].value) if "improvement" in estimates else None,
            last_updated=None,
        ),
        config=config,
    )
