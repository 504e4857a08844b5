"""Evaluates a policy off-policy, on the log that the newest trigger of its scope names."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from adapters.artifact_store import ArtifactStore
from processors.training.evaluation import Evaluation, evaluate
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import AgentCard, Experience, OptimizationTrigger, decode
from signalbox.policy import Policy
from streams.settings import Settings
from streams.trainer.history import History, read_history
from streams.trainer.inputs import archived_cards, load_artifact
from streams.trainer.reading import read_experiences
from streams.trainer.rollback import find_policy
from streams.trainer.verify import find_trigger


async def evaluate_policy(
    connection: Connection, settings: Settings, tenant_id: str, scope: str, name: str | None
) -> dict[str, Any]:
    """The evaluation as plain JSON values; `name` as in `find_policy`, without it the policy in force.

    Raises `ConfigurationError` where there is no such policy or no trigger, `Unusable` where retention took
    the experiences.
    """
    history = await read_history(connection, settings)
    ledger = history.ledger
    digest = (
        find_policy(ledger, tenant_id, scope, name, candidates=True)
        if name
        else ledger.champion_digest(tenant_id, scope)
    )
    if digest is None:
        raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: no policy is in force")
    trigger = await _newest_trigger(connection, settings, history, tenant_id, scope)
    records = await read_experiences(connection, settings, trigger)
    store = ArtifactStore(settings.artifact_url)
    data = await load_artifact(connection, settings, store, tenant_id, digest)
    cards = archived_cards(store, tenant_id, data)
    found = await asyncio.to_thread(_evaluated, trigger, records, data, cards)
    content: dict[str, Any] = msgspec.to_builtins(found)
    return {"digest": digest, "trigger_id": trigger.trigger_id} | content


async def _newest_trigger(
    connection: Connection, settings: Settings, history: History, tenant_id: str, scope: str
) -> OptimizationTrigger:
    # What a person has asked for is recorded as an answer, but there was no trigger.
    asked = [each for each in history.of(tenant_id, scope) if each.reason != "requested" and not each.trial]
    for each in reversed(asked):
        trigger = await find_trigger(connection, settings, each.trigger_id)
        # A look at a trial reads only what came since that began.
        if trigger.trial_digest is None:
            return trigger
    raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: no trigger has been answered yet")


def _evaluated(
    trigger: OptimizationTrigger, records: list[bytes], artifact: bytes, cards: tuple[bytes, ...]
) -> Evaluation:
    policy = Policy.load(artifact)
    if cards:
        policy = policy.with_cards([decode(AgentCard, card) for card in cards])
    experiences = [decode(Experience, record) for record in records]
    return evaluate(experiences, policy, since=trigger.changed_at, seed=trigger.seed)
