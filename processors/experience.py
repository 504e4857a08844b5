"""From a join's finding to the bytes of an experience."""

from __future__ import annotations

from typing import cast

import msgspec

from processors.join import Joined
from signalbox.events import Experience, RoutingDecision, encode_trusted, moment_at


def experience_bytes(joined: Joined, reward: float, reward_version: str, run: str, batch: int) -> bytes:
    """The experience as JSON; the decision inside it is the router's own bytes, unknown fields and all."""
    decision = joined.decision
    return encode_trusted(
        Experience(
            tenant_id=decision.tenant_id,
            occurred_at=moment_at(decision.occurred_s),
            decision_id=decision.decision_id,
            reward=reward,
            reward_version=reward_version,
            outcome=joined.signals,
            # The encoder copies raw bytes through, which costs nothing; a reader decodes them as a decision.
            decision=cast(RoutingDecision, msgspec.Raw(decision.raw)),
            source=joined.source,
            run=run,
            batch=batch,
            revision=joined.revision,
            propensity=decision.propensity,
        )
    )
