"""From a join's finding to the bytes of an experience."""

from __future__ import annotations

from datetime import datetime

import msgspec

from processors.ledger import Learned
from signalbox.events import Signals, encode_trusted, moment_at


class _Written(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """`Experience` as it is written: its decision are the router's own bytes, and nothing is checked again."""

    tenant_id: str
    occurred_at: datetime
    decision_id: str
    reward: float
    reward_version: str
    outcome: Signals
    decision: msgspec.Raw
    source: str
    run: str
    batch: int
    revision: int = 0
    propensity: float | None = None
    quality: float | None = None
    cost_weight: float = 0.0


def experience_bytes(learned: Learned, reward_version: str, source: str, run: str, batch: int) -> bytes:
    """The experience as JSON; `source` is the input record that made it known.

    The decision inside it is the router's own bytes, unknown fields and all.
    """
    joined, decision = learned.joined, learned.joined.decision
    return encode_trusted(
        _Written(
            decision.tenant_id,
            moment_at(decision.occurred_s),
            decision.decision_id,
            learned.reward,
            reward_version,
            joined.signals,
            msgspec.Raw(decision.raw),
            source,
            run,
            batch,
            joined.revision,
            decision.propensity,
            learned.quality,
            learned.cost_weight,
        )
    )
