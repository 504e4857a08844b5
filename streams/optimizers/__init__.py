"""The specification's optimizer objects, over the loop: in one process, or with the service on Kafka."""

from streams.optimizers.configuration import AdvancedOptimizerConfig
from streams.optimizers.routing import AdvancedRoutingOptimizer

__all__ = ["AdvancedOptimizerConfig", "AdvancedRoutingOptimizer"]
