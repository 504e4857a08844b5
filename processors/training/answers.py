"""What an answer is made of, and how the parts that all answers share are filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from signalbox.errors import ArtifactError
from signalbox.events import AgentCard, OptimizationTrigger, TrainingResult
from signalbox.policy import Manifest, Policy, digest_of


@dataclass(frozen=True)
class TrainingAnswer:
    """What to publish: the result, and the bytes of a policy that was promoted or goes on trial.

    `result.version` is for the caller, who knows the slot's history; so are `occurred_at` (here the trigger's)
    and `seconds`. A policy that is rolled back to is named by `result.digest`; its bytes are not here.
    """

    result: TrainingResult
    artifact: bytes | None = None
    manifest: Manifest | None = None


@dataclass(frozen=True)
class OnTrial:
    """The policy in the slot `canary`: on trial, or out as a canary because a person wanted it.

    `number` counts the trials under the present champion, from 1: each may spend a share of the gate's error.
    """

    artifact: bytes
    kind: Literal["trial", "canary"]
    begun_at: datetime
    number: int = 1


@dataclass(frozen=True)
class Deployed:
    """A policy that routers run, with the digest of its bytes and the agents' cards that it knows."""

    policy: Policy
    digest: str
    cards: tuple[AgentCard, ...] = ()

    @classmethod
    def load(
        cls, data: bytes, trigger: OptimizationTrigger, role: str, cards: Sequence[AgentCard] = ()
    ) -> Deployed:
        """The policy in `data`, as it decides where these cards are known.

        Raises `ArtifactError` where the bytes are no policy, or one of another tenant or scope.
        """
        policy = Policy.load(data)
        made_for, asked = (policy.manifest.tenant_id, policy.manifest.scope), (trigger.tenant_id, trigger.scope)
        if made_for != asked:
            raise ArtifactError(f"{role}: made for tenant and scope {made_for}, not for {asked}")
        return cls(policy.with_cards(cards) if cards else policy, digest_of(data), tuple(cards))

    def without(self, gone: frozenset[str]) -> Policy:
        """The policy as it decides where these agents have left."""
        return self.policy.with_cards(self.cards, gone) if gone else self.policy


def identity(trigger: OptimizationTrigger) -> dict[str, Any]:
    """The fields of a result that name what it answers, and the champion that it is about."""
    return {
        "tenant_id": trigger.tenant_id,
        "occurred_at": trigger.occurred_at,
        "trigger_id": trigger.trigger_id,
        "tenant_key": trigger.tenant_key,
        "scope": trigger.scope,
        "champion_digest": trigger.champion_digest,
    }


def short(digest: str | None) -> str:
    """A digest for a person."""
    return digest[:12] if digest else "the baseline"
