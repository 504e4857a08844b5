"""Which optimiser of prompt programs is taken for how many examples."""

from __future__ import annotations

from typing import Any

from models.programs import get_optimization_info
from streams.settings import Settings
from streams.worker.policies import program_configuration


class MultiStageSelection:
    """The specification's `advanced_optimizer`, as the settings have it."""

    def __init__(self, settings: Settings) -> None:
        self.configuration = program_configuration(settings)

    def get_optimization_info(self, examples: int) -> dict[str, Any]:
        """What would be done with so many examples, under the specification's keys."""
        return get_optimization_info(examples, self.configuration)
