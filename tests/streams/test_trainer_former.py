"""The policy from before a change of the rewards: fetched where it is named, done without where it is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from benchmarks.random_policy import random_policy
from signalbox.errors import ArtifactError
from signalbox.policy import Artifact, digest_of, pack, unpack
from streams.trainer import inputs
from tests.models.logs import START, trigger

BEFORE = random_policy(3, seed=1)
CHANGED = START + timedelta(seconds=5)


def since(changed_at: Any) -> bytes:
    """A policy that was learned after this change, from the one before it."""
    artifact = unpack(random_policy(3, seed=2))
    lineage = structs.replace(artifact.manifest.lineage, changed_at=changed_at, former_digest=digest_of(BEFORE))
    return pack(Artifact(structs.replace(artifact.manifest, lineage=lineage), artifact.tensors))


@pytest.mark.parametrize(
    ("champion", "changed_at", "archived", "expected"),
    [
        (since(CHANGED), CHANGED, True, BEFORE),
        (since(CHANGED), CHANGED, False, None),
        (since(CHANGED), None, True, None),
        (BEFORE, CHANGED, True, None),  # the champion itself
        (None, CHANGED, True, None),
    ],
)
def test_it_is_fetched_by_the_digest_in_the_champions_lineage(
    monkeypatch: pytest.MonkeyPatch,
    champion: bytes | None,
    changed_at: Any,
    archived: bool,
    expected: bytes | None,
) -> None:
    async def load(*arguments: Any) -> bytes:
        assert arguments[-2:] == ("acme", digest_of(BEFORE))
        if not archived:
            raise ArtifactError("gone")
        return BEFORE

    monkeypatch.setattr(inputs, "load_artifact", load)
    nothing: Any = None
    asked = trigger(digest_of(champion) if champion else None, changed_at=changed_at)
    assert asyncio.run(inputs._former(nothing, nothing, nothing, asked, champion)) == expected
