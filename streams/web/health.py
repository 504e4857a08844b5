"""The specification's health of a scope, and what /health says."""

from __future__ import annotations

from typing import Any

from streams.web.source import ScopeView, Source

LEAST_EXPERIENCES = 50
LEAST_REWARD = 0.5
"""Health needs more than these (specification, "Health Checks")."""
MOST_TENANTS = 500
"""Of a worker. No page tells of more: neither its length nor the number of Prometheus' series runs away."""


def unwell(scope: ScopeView) -> list[str]:
    """Why the scope is not healthy by the specification's thresholds; nothing where it is."""
    reasons = []
    if not scope.optimizer_ready:
        reasons.append("no policy has passed the gate yet")
    if scope.total_experiences <= LEAST_EXPERIENCES:
        reasons.append(f"{scope.total_experiences} experiences: more than {LEAST_EXPERIENCES} are needed")
    if not scope.avg_reward > LEAST_REWARD:
        reasons.append(f"average reward {scope.avg_reward:.3f}: more than {LEAST_REWARD} is needed")
    return reasons


def health(source: Source) -> dict[str, Any]:
    """The body of /health; no scope's health makes the worker less ready."""
    reason, tenants = source.not_ready(), source.tenants()
    scopes = [_scope(tenant.tenant_id, scope) for tenant in tenants[:MOST_TENANTS] for scope in tenant.scopes]
    return {
        "ready": reason is None,
        "reason": reason,
        "partitions": sorted(source.batches()),
        "scopes": scopes,
        "tenants_left_out": max(len(tenants) - MOST_TENANTS, 0),
    }


def _scope(tenant_id: str, scope: ScopeView) -> dict[str, Any]:
    reasons = unwell(scope)
    return {
        "tenant": tenant_id,
        "scope": scope.name,
        "healthy": not reasons,
        "reasons": reasons,
        "optimizer_ready": scope.optimizer_ready,
        "total_experiences": scope.total_experiences,
        "avg_reward": round(scope.avg_reward, 3),
        "last_updated": scope.last_updated_s,
    }
