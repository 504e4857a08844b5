from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate, TrainingResult
from signalbox.policy import CHUNK_BYTES
from signalbox.topics import POLICY_ARTIFACT, POLICY_UPDATED, chunk_key
from streams.policies import HISTORY, PolicyLedger
from streams.policy_records import tombstones, update_records
from streams.trainer.rollback import earlier_policy, find_policy

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def digest(number: int) -> str:
    return f"{number:064x}"


def update(version: int, digest_number: int, *, parent: int | None = None, size: int = 10) -> PolicyUpdate:
    return PolicyUpdate(
        tenant_id="acme",
        occurred_at=NOW,
        scope="routing",
        slot="champion",
        version=version,
        digest=digest(digest_number),
        size_bytes=size,
        chunks=1,
        reason="promoted",
        manifest={},
        parent_digest=None if parent is None else digest(parent),
    )


def result(version: int, digest_number: int) -> TrainingResult:
    return TrainingResult(
        tenant_id="acme",
        occurred_at=NOW,
        trigger_id=f"t-{version}",
        tenant_key="acme",
        scope="routing",
        verdict="promoted",
        reason="better",
        message="",
        digest=digest(digest_number),
        version=version,
    )


def ledger_of(*digests: int) -> PolicyLedger:
    """A ledger in which these were put in force one after the other, each made from the one before."""
    ledger = PolicyLedger()
    for version, number in enumerate(digests, 1):
        parent = digests[version - 2] if version > 1 else None
        ledger.apply(update(version, number, parent=parent))
        ledger.apply(result(version, number))
    return ledger


def test_without_updates_the_baseline_is_in_force_and_the_first_version_is_one() -> None:
    ledger = PolicyLedger()
    assert ledger.champion("acme", "routing") is None
    assert ledger.next_version("acme", "routing") == 1


def test_versions_rise_by_one_per_slot() -> None:
    ledger = ledger_of(7, 8)
    assert ledger.next_version("acme", "routing") == 3
    assert ledger.next_version("globex", "routing") == 1
    assert ledger.next_version("acme", "modality:video") == 1


@given(st.permutations(range(1, 6)))
def test_the_highest_version_is_in_force_in_whatever_order_records_come(order: list[int]) -> None:
    ledger = PolicyLedger()
    for version in [*order, *order]:
        ledger.apply(update(version, version))
        ledger.apply(result(version, version))
    assert ledger.champion_digest("acme", "routing") == digest(5)
    assert [each.version for each in ledger.past("acme", "routing")] == [1, 2, 3, 4, 5]


def test_rejections_are_answers_but_no_history() -> None:
    ledger = PolicyLedger()
    ledger.apply(structs.replace(result(1, 1), version=None, verdict="rejected", reason="not_proven"))
    assert ledger.answered == {"t-1"}
    assert ledger.past("acme", "routing") == []


def test_the_last_ten_policies_keep_their_bytes() -> None:
    full = ledger_of(*range(1, HISTORY + 1))
    assert full.superseded_by("acme", "routing", digest(99)) == {digest(1)}
    assert ledger_of(*range(1, HISTORY)).superseded_by("acme", "routing", digest(99)) == set()


def test_a_rollback_to_a_kept_policy_supersedes_nothing() -> None:
    ledger = ledger_of(*range(1, HISTORY + 1))
    assert ledger.superseded_by("acme", "routing", digest(3)) == set()


@given(st.lists(st.integers(0, 14), min_size=1, max_size=60))
def test_what_was_ever_published_is_either_kept_or_was_superseded_since(numbers: list[int]) -> None:
    ledger, alive = PolicyLedger(), set()
    for version, number in enumerate(numbers, 1):
        alive -= ledger.superseded_by("acme", "routing", digest(number))
        alive.add(digest(number))
        ledger.apply(update(version, number))
        ledger.apply(result(version, number))
    newest = list(dict.fromkeys(reversed(numbers)))[:HISTORY]
    assert alive == {digest(number) for number in newest}


def test_chunks_come_before_the_update_that_needs_them_and_join_to_its_bytes() -> None:
    data = bytes(range(256)) * (5 * CHUNK_BYTES // 512)
    records = update_records(update(1, 1, size=len(data)), data)
    assert [record.topic for record in records] == [POLICY_ARTIFACT] * 3 + [POLICY_UPDATED]
    assert b"".join(record.value or b"" for record in records[:3]) == data
    assert max(len(record.value or b"") for record in records[:3]) <= CHUNK_BYTES


@pytest.mark.parametrize(
    ("size", "chunks"), [(0, 1), (1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2), (3 * CHUNK_BYTES, 3)]
)
def test_every_chunk_gets_a_tombstone(size: int, chunks: int) -> None:
    records = tombstones([(digest(1), size)])
    assert [record.key for record in records] == [chunk_key(digest(1), i) for i in range(chunks)]
    assert all(record.value is None for record in records)


def test_a_rollback_goes_to_the_policy_that_the_present_one_was_made_from() -> None:
    assert earlier_policy(ledger_of(1, 2, 3), "acme", "routing", None) == digest(2)


@pytest.mark.parametrize("to", ["1", digest(0xABC), "0" * 61 + "ab"])
def test_a_policy_is_found_by_version_and_by_the_beginning_of_its_digest(to: str) -> None:
    ledger = ledger_of(0xABC, 2)
    assert find_policy(ledger, "acme", "routing", to) == digest(0xABC)


@pytest.mark.parametrize(
    ("ledger", "to", "message"),
    [
        (PolicyLedger(), None, "no policy is in force"),
        (ledger_of(1), None, "version 1 was made from the baseline"),
        (ledger_of(1, 2), "2", "is in force already, as version 2"),
        (ledger_of(1, 2), "9", "no policy was in force as '9'"),
        (ledger_of(1, 2), "000", "several policies begin like '000'"),
    ],
)
def test_a_rollback_that_leads_nowhere_says_why(ledger: PolicyLedger, to: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        earlier_policy(ledger, "acme", "routing", to)
