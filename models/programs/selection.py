"""Which optimiser a training set is large enough for, and what runs before it."""

from __future__ import annotations

from typing import Any

from models.programs.budget import expected_calls
from models.programs.configuration import OptimizerName, ProgramConfiguration
from models.programs.weighting import validation_size

OPTIMIZERS: tuple[OptimizerName, ...] = ("bootstrap", "simba", "mipro", "gepa")
"""From the simplest to the most demanding; who fails gives way to the one before."""


def applicable(examples: int, configuration: ProgramConfiguration) -> dict[OptimizerName, int]:
    """The optimisers whose threshold so many examples reach, each with that threshold."""
    thresholds: dict[OptimizerName, int] = {
        "bootstrap": configuration.bootstrap_threshold,
        "simba": configuration.simba_threshold,
        "mipro": configuration.mipro_threshold,
        "gepa": configuration.gepa_threshold,
    }
    return {name: least for name, least in thresholds.items() if examples >= least}


def primary_optimizer(examples: int, configuration: ProgramConfiguration) -> OptimizerName:
    """The optimiser for so many examples; bootstrap where they reach no threshold."""
    if configuration.force_optimizer is not None:
        return configuration.force_optimizer
    if configuration.optimizer_strategy != "adaptive":
        return configuration.optimizer_strategy
    return next(reversed(applicable(examples, configuration)), "bootstrap")


def stages_of(examples: int, configuration: ProgramConfiguration) -> tuple[OptimizerName, ...]:
    """What runs for so many examples, each on the best result before it; the last is the primary optimiser.

    With `enable_multi_stage`, bootstrap and the simpler optimisers that apply go before it, but none that needs
    more calls than the one it prepares. Without, the primary one runs alone.
    """
    primary = primary_optimizer(examples, configuration)
    if not configuration.enable_multi_stage:
        return (primary,)
    calls = {name: _calls(name, examples, configuration) for name in OPTIMIZERS}
    useful = {"bootstrap", *applicable(examples, configuration)}
    simpler = OPTIMIZERS[: OPTIMIZERS.index(primary)]
    return (*(name for name in simpler if name in useful and calls[name] <= calls[primary]), primary)


def get_optimization_info(examples: int, configuration: ProgramConfiguration | None = None) -> dict[str, Any]:
    """What would be done with so many examples, under the specification's keys."""
    configuration = configuration or ProgramConfiguration()
    return {
        "dataset_size": examples,
        "applicable_optimizers": list(applicable(examples, configuration).items()),
        "primary_optimizer": primary_optimizer(examples, configuration),
        "optimization_stages": list(stages_of(examples, configuration)),
    }


def simpler_than(optimizer: OptimizerName) -> OptimizerName | None:
    """The next simpler optimiser."""
    place = OPTIMIZERS.index(optimizer)
    return OPTIMIZERS[place - 1] if place else None


def _calls(optimizer: OptimizerName, examples: int, configuration: ProgramConfiguration) -> int:
    validation = validation_size(examples)
    return expected_calls(optimizer, examples - validation, validation, configuration)
