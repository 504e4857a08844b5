"""Which policy is in force in a slot."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from signalbox.events.fields import Count, Digest, Event, Id, Scope

UpdateReason = Literal["promoted", "rollback", "trial", "canary"]


class PolicyUpdate(Event, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The policy now in force; its bytes are on `policy-artifact` in `chunks` pieces under `digest`.

    `version` rises by one with every update of the slot, also with a rollback, so that a reader can tell new
    from old whatever the digest. In the slot `canary` the reason says how the policy is tried: on `trial` it is
    drawn with probability `share` where it and the champion disagree; as a `canary` it decides alone for the
    `share` of decisions whose ids hash below it. A tombstone under the slot's key ends either.
    """

    scope: Scope
    slot: Literal["champion", "canary"]
    version: Annotated[int, Meta(ge=1)]
    digest: Digest
    size_bytes: Count
    chunks: Annotated[int, Meta(ge=1)]
    reason: UpdateReason
    manifest: dict[str, Any]
    share: Annotated[float, Meta(gt=0.0, le=1.0)] | None = None
    trigger_id: Id | None = None
    parent_digest: Digest | None = None
