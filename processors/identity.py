"""A decision's 8-byte identity: what the join, the memory of decisions and the replay buffer are keyed by."""

from __future__ import annotations

from hashlib import blake2b


def decision_hash(tenant_id: str, decision_id: str) -> int:
    """64 uniform bits, the same in every process; two tenants' decisions never share one by intent."""
    return int.from_bytes(blake2b(f"{tenant_id}/{decision_id}".encode(), digest_size=8).digest(), "big")
