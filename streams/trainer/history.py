"""What the topics tell of policies, for people and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.artifact_store import ArtifactStore
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import TrainingResult
from signalbox.policy import unpack
from streams.policies import PolicyLedger
from streams.settings import Settings
from streams.trainer.inputs import load_artifact
from streams.trainer.ledger_reader import LedgerReader
from streams.trainer.rollback import find_policy


@dataclass(frozen=True)
class History:
    """Every answer, oldest first, and what is in force."""

    results: list[TrainingResult]
    ledger: PolicyLedger

    def of(self, tenant_id: str | None = None, scope: str | None = None) -> list[TrainingResult]:
        """The answers of a tenant and a scope; None stands for all."""
        return [
            result
            for result in self.results
            if tenant_id in (None, result.tenant_id) and scope in (None, result.scope)
        ]

    def is_in_force(self, result: TrainingResult) -> bool:
        """Whether this answer put the present champion in force."""
        champion = self.ledger.champion(result.tenant_id, result.scope)
        return champion is not None and result.version == champion.version

    def is_on_trial(self, result: TrainingResult) -> bool:
        """Whether this answer is about the policy that is on trial, or out as a canary, now."""
        on_trial = self.ledger.canary_digest(result.tenant_id, result.scope)
        return result.verdict == "on_trial" and result.digest == on_trial


def without_old_looks(results: Sequence[TrainingResult]) -> list[TrainingResult]:
    """The answers without those that said of a trial that it goes on, but for the last of each."""
    last = {(each.tenant_key, each.scope, each.digest): each for each in results if _is_look(each)}
    return [each for each in results if not _is_look(each) or each in last.values()]


def _is_look(result: TrainingResult) -> bool:
    return result.verdict == "on_trial" and result.reason == "undecided"


async def read_history(connection: Connection, settings: Settings) -> History:
    """Everything on `training-result` and `policy-updated`."""
    results: list[TrainingResult] = []
    async with LedgerReader(connection, settings, results.append) as reader:
        ledger = await reader.catch_up(behind_transactions=False)
    return History(sorted(results, key=lambda result: (result.occurred_at, result.trigger_id)), ledger)


async def describe_policy(
    connection: Connection, settings: Settings, tenant_id: str, scope: str, name: str | None
) -> dict[str, Any]:
    """A policy's manifest and how it was judged, as plain JSON values; `name` as in `find_policy`.

    Without a name, the one in force. Raises `ConfigurationError` where there is none.
    """
    history = await read_history(connection, settings)
    digest = (
        find_policy(history.ledger, tenant_id, scope, name, candidates=True)
        if name
        else history.ledger.champion_digest(tenant_id, scope)
    )
    if digest is None:
        raise ConfigurationError(f"tenant {tenant_id!r}, scope {scope!r}: no policy is in force")
    store = ArtifactStore(settings.artifact_url)
    artifact = unpack(await load_artifact(connection, settings, store, tenant_id, digest))
    about = [result for result in history.of(tenant_id, scope) if result.digest == digest]
    results = without_old_looks(about)
    tensors = {name: f"{tensor.dtype}{list(tensor.shape)}" for name, tensor in artifact.tensors.items()}
    return {
        "digest": digest,
        "in_force": digest == history.ledger.champion_digest(tenant_id, scope),
        "on_trial": digest == history.ledger.canary_digest(tenant_id, scope),
        "versions": [result.version for result in results if result.version is not None],
        "manifest": msgspec.to_builtins(artifact.manifest),
        "tensors": tensors,
        "results": {result.trigger_id: msgspec.to_builtins(result) for result in results},
    }
