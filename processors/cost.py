"""What a decision's cost takes from its reward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from processors.waiting import Waiting


@dataclass(frozen=True)
class CostPolicy:
    """What one unit of cost is worth, in reward: for everybody, or for a tenant; 0 leaves cost out of it."""

    weight: float = 0.0
    tenant_weights: Mapping[str, float] = field(default_factory=dict)

    def weight_of_tenant(self, tenant_id: str) -> float:
        """The tenant's weight where its requests don't bring their own."""
        return self.tenant_weights.get(tenant_id, self.weight)

    def weight_of(self, decision: Waiting) -> float:
        """The weight that the request asked for, or else its tenant's."""
        asked = decision.cost_weight
        return self.tenant_weights.get(decision.tenant_id, self.weight) if asked is None else asked


def after_cost(quality: float, cost: float | None, weight: float) -> float:
    """The reward in [0, 1]: quality - weight * cost, not below 0; the quality where no cost was reported."""
    return quality if not cost else max(0.0, quality - weight * cost)
