"""Only the right bytes for the right tenant come into force, and what is in force stays until then."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.random_policy import random_policy
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate, encode
from signalbox.in_force import ActivePolicy
from signalbox.policy import digest_of, split
from signalbox.policy_check import MAX_POLICY_BYTES
from signalbox.policy_feed import PolicyFeed
from signalbox.policy_search import PolicySearch, UpdateRecord
from signalbox.subscriber import PolicySubscriber
from signalbox.topics import chunk_key

NOWHERE = Connection("127.0.0.1:1")
POLICIES = [random_policy(("a", "b", "c"), seed=seed, rows=50) for seed in range(6)]


def update(data: bytes, version: int, **changes: object) -> PolicyUpdate:
    fields = {
        "tenant_id": "acme",
        "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
        "scope": "routing",
        "slot": "champion",
        "version": version,
        "digest": digest_of(data),
        "size_bytes": len(data),
        "chunks": len(split(data)),
        "reason": "promoted",
        "manifest": {},
    }
    return PolicyUpdate(**(fields | changes))


def record(event: PolicyUpdate) -> UpdateRecord:
    return UpdateRecord(encode(event), None)


def subscriber(folder: Path | None = None, **options: object) -> PolicySubscriber:
    return PolicySubscriber(NOWHERE, "acme", cache_folder=folder, **options)


def serve(search: PolicySearch, *datas: bytes) -> None:
    """The chunks of policies as they lie in the topic."""
    for data in datas:
        for place, chunk in enumerate(split(data)):
            search.chunk(chunk_key(digest_of(data), place), chunk)


def in_force(subject: PolicySubscriber) -> tuple[str, int] | None:
    return (subject.current.digest, subject.current.version) if subject.current else None


def test_a_good_policy_comes_into_force() -> None:
    swaps: list[ActivePolicy] = []
    subject = subscriber(on_swap=swaps.append)
    assert not subject.wait_ready(0)
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 1)))
    assert search.begin()
    serve(search, POLICIES[1], POLICIES[0])
    assert in_force(subject) == (digest_of(POLICIES[0]), 1)
    assert (subject.adopted, subject.refused, search.is_open) == (1, {}, False)
    assert swaps == [subject.current]
    assert subject.wait_ready(0)
    assert subject.current.policy.manifest.tenant_id == "acme"


@given(st.binary(min_size=1, max_size=8), st.integers(0, 10_000))
def test_a_tampered_policy_is_refused_before_it_is_unpacked(other: bytes, place: int) -> None:
    good = POLICIES[0]
    place %= len(good)
    tampered = good[:place] + other + good[place + len(other) :]
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(good, 1)))
    search.begin()
    search.chunk(chunk_key(digest_of(good), 0), tampered)
    if tampered == good:
        assert subject.adopted == 1
    else:
        assert (subject.current, subject.refused) == (None, {"tampered": 1})


def test_bytes_with_the_right_digest_that_are_no_policy_are_refused() -> None:
    data = b"not a policy"
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(data, 1)))
    search.begin()
    serve(search, data)
    assert (subject.current, subject.refused) == (None, {"unusable": 1})


@pytest.mark.parametrize(("tenant_id", "scope"), [("rival", "routing"), ("acme", "unified")])
def test_a_policy_made_for_others_is_refused(tenant_id: str, scope: str) -> None:
    data = random_policy(("a",), tenant_id=tenant_id, scope=scope, rows=10)
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(data, 1)))
    search.begin()
    serve(search, data)
    assert (subject.current, subject.refused) == (None, {"foreign": 1})


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (UpdateRecord(b"{", None), "invalid"),
        (record(update(POLICIES[1], 6, tenant_id="rival")), "foreign"),
        (record(update(POLICIES[1], 6, scope="unified")), "foreign"),
        (record(update(POLICIES[1], 6, slot="canary")), "foreign"),
        (record(update(POLICIES[1], 6, size_bytes=MAX_POLICY_BYTES + 1)), "too_large"),
        (record(update(POLICIES[1], 6, chunks=10**9)), "too_large"),
        (record(update(POLICIES[1], 4)), "old_version"),
        (record(update(POLICIES[1], 5)), "old_version"),
    ],
)
def test_a_refused_update_changes_nothing_and_is_counted(event: UpdateRecord, reason: str) -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 5)))
    search.begin()
    serve(search, POLICIES[0])
    before = subject.current
    search.add(event)
    assert not search.begin()
    assert subject.current is before
    assert subject.refused == {reason: 1}


def test_of_a_history_only_the_newest_is_fetched() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    for version, data in enumerate(POLICIES, start=1):
        search.add(record(update(data, version)))
    search.begin()
    serve(search, *POLICIES)
    assert in_force(subject) == (digest_of(POLICIES[-1]), len(POLICIES))
    assert (subject.adopted, subject.refused) == (1, {})


def test_a_refused_update_doesn_t_hide_an_older_good_one() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 1)))
    search.add(record(update(POLICIES[1], 2)))
    search.add(UpdateRecord(b"nonsense", None))
    search.begin()
    search.chunk(chunk_key(digest_of(POLICIES[1]), 0), b"tampered")
    serve(search, POLICIES[0])
    assert in_force(subject) == (digest_of(POLICIES[0]), 1)
    assert subject.refused == {"invalid": 1, "tampered": 1}


def test_a_newer_update_takes_the_place_of_one_whose_bytes_are_still_awaited() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 1)))
    search.begin()
    search.add(record(update(POLICIES[1], 2)))
    assert search.begin()
    serve(search, POLICIES[0], POLICIES[1])
    assert in_force(subject) == (digest_of(POLICIES[1]), 2)
    assert subject.adopted == 1


def test_a_policy_whose_bytes_never_come_is_given_up() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 1)))
    search.begin()
    search.give_up()
    assert (search.is_open, subject.refused) == (False, {"missing": 1})


def test_a_rollback_to_earlier_bytes_is_a_new_version() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    for version, data in ((1, POLICIES[0]), (2, POLICIES[1]), (3, POLICIES[0])):
        search.add(record(update(data, version)))
        search.begin()
        serve(search, data)
    assert in_force(subject) == (digest_of(POLICIES[0]), 3)
    assert subject.adopted == 3


GONE = UpdateRecord(None, None)


@pytest.mark.parametrize("slot", ["champion", "canary"])
def test_a_tombstone_empties_the_slot_and_a_new_policy_may_begin_anew(tmp_path: Path, slot: str) -> None:
    ended: list[str] = []
    subject = subscriber(tmp_path, slot=slot, on_end=ended.append)
    search = PolicySearch(subject)
    use = {"slot": slot} | ({"reason": "trial", "share": 0.5} if slot == "canary" else {})
    for record_of_slot in (record(update(POLICIES[0], 5, **use)), GONE, GONE):
        search.add(record_of_slot)
        search.begin()
        serve(search, POLICIES[0])
    assert (subject.current, subject.ended, ended, subject.refused) == (None, 1, [slot], {})
    assert not subject.wait_ready(0)
    assert list(tmp_path.rglob("*.policy")) == []
    search.add(record(update(POLICIES[1], 1, **use)))
    search.begin()
    serve(search, POLICIES[1])
    assert in_force(subject) == (digest_of(POLICIES[1]), 1)


def test_a_tombstone_hides_what_was_before_and_not_what_comes_after() -> None:
    subject = subscriber()
    subject.adopt(update(POLICIES[0], 7), POLICIES[0], None)
    search = PolicySearch(subject)
    for event in (record(update(POLICIES[1], 6)), GONE, record(update(POLICIES[2], 1))):
        search.add(event)
    assert search.begin()
    search.add(UpdateRecord(b"nonsense", None))
    assert search.begin()
    serve(search, POLICIES[1], POLICIES[2])
    assert in_force(subject) == (digest_of(POLICIES[2]), 1)
    assert subject.ended == 0
    search.add(GONE)
    search.add(UpdateRecord(b"nonsense", None))
    assert not search.begin()
    assert (subject.current, subject.ended, subject.refused) == (None, 1, {"invalid": 2})


def test_a_policy_that_was_awaited_when_the_slot_was_emptied_never_comes_into_force() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 1)))
    assert search.begin()
    search.add(GONE)
    assert not search.begin()
    serve(search, POLICIES[0])
    assert (subject.current, search.is_open) == (None, False)


def test_of_two_older_updates_the_newer_one_is_looked_at_first() -> None:
    subject = subscriber()
    search = PolicySearch(subject)
    for version in (1, 2):
        search.add(record(update(POLICIES[version], version)))
    search.begin()
    search.add(record(update(POLICIES[3], 3)))
    search.begin()
    search.chunk(chunk_key(digest_of(POLICIES[3]), 0), b"tampered")
    serve(search, POLICIES[1], POLICIES[2])
    assert in_force(subject) == (digest_of(POLICIES[2]), 2)


@pytest.mark.parametrize(("reason", "share"), [("trial", 0.5), ("canary", 0.1)])
def test_a_canary_says_how_it_is_tried_and_is_not_kept_on_disk(
    tmp_path: Path, reason: str, share: float
) -> None:
    subject = subscriber(tmp_path, slot="canary")
    event = update(POLICIES[0], 1, slot="canary", reason=reason, share=share)
    subject.adopt(event, POLICIES[0], None)
    assert subject.current is not None
    assert (subject.current.slot, subject.current.reason, subject.current.share) == ("canary", reason, share)
    assert subscriber(tmp_path, slot="canary").current is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("slot", "changes"),
    [
        ("champion", {"reason": "trial", "share": 0.5}),
        ("champion", {"reason": "canary", "share": 0.5}),
        ("canary", {"reason": "promoted", "share": 0.5}),
        ("canary", {"reason": "rollback"}),
        ("canary", {"reason": "trial"}),
        ("canary", {"reason": "canary"}),
    ],
)
def test_an_update_whose_use_contradicts_its_slot_is_refused(slot: str, changes: dict[str, object]) -> None:
    subject = subscriber(slot=slot)
    search = PolicySearch(subject)
    search.add(record(update(POLICIES[0], 1, slot=slot, **changes)))
    assert not search.begin()
    assert subject.refused == {"invalid": 1}


def test_chunks_may_come_in_any_order_and_twice() -> None:
    data = random_policy(200, rows=4000)
    chunks = split(data)
    assert len(chunks) > 2
    subject = subscriber()
    search = PolicySearch(subject)
    search.add(record(update(data, 1)))
    search.begin()
    for place in [*reversed(range(len(chunks))), 0]:
        search.chunk(chunk_key(digest_of(data), place), chunks[place])
    assert in_force(subject) == (hashlib.sha256(data).hexdigest(), 1)


def test_a_callback_that_fails_doesn_t_keep_the_policy_out() -> None:
    def fail(active: ActivePolicy) -> None:
        raise ValueError(active.version)

    subject = subscriber(on_swap=fail)
    subject.adopt(update(POLICIES[0], 1), POLICIES[0], None)
    assert subject.adopted == 1


def test_the_last_good_policy_is_in_force_after_a_restart_without_kafka(tmp_path: Path) -> None:
    first = subscriber(tmp_path)
    first.adopt(update(POLICIES[0], 1), POLICIES[0], None)
    first.adopt(update(POLICIES[1], 2), POLICIES[1], None)
    again = subscriber(tmp_path)
    assert in_force(again) == (digest_of(POLICIES[1]), 2)
    assert again.wait_ready(0)
    assert again.adopted == 0
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["routing.champion.policy"]
    assert again.check(record(update(POLICIES[1], 2))) is None


@pytest.mark.parametrize("change", ["cut", "flip", "foreign", "empty", "nonsense"])
def test_a_damaged_or_foreign_file_is_refused_at_the_start(tmp_path: Path, change: str) -> None:
    subscriber(tmp_path).adopt(update(POLICIES[0], 1), POLICIES[0], None)
    path = tmp_path / "acme" / "routing.champion.policy"
    content = path.read_bytes()
    if change == "foreign":
        data = random_policy(("a",), tenant_id="rival", rows=10)
        rival = PolicySubscriber(NOWHERE, "rival", cache_folder=tmp_path)
        rival.adopt(update(data, 1, tenant_id="rival"), data, None)
        content = (tmp_path / "rival" / "routing.champion.policy").read_bytes()
    path.write_bytes(
        {
            "cut": content[:-10],
            "flip": content[:-1] + bytes([content[-1] ^ 1]),
            "foreign": content,
            "empty": b"",
            "nonsense": b"\xff" * 100,
        }[change]
    )
    again = subscriber(tmp_path)
    assert (again.current, again.refused) == (None, {"cache": 1})
    again.adopt(update(POLICIES[1], 2), POLICIES[1], None)
    assert in_force(subscriber(tmp_path)) == (digest_of(POLICIES[1]), 2)


def test_a_full_or_forbidden_disk_keeps_no_policy_out(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("a file where the folder should be")
    subject = subscriber(tmp_path)
    subject.adopt(update(POLICIES[0], 1), POLICIES[0], None)
    assert in_force(subject) == (digest_of(POLICIES[0]), 1)


@pytest.mark.parametrize(
    ("tenant_id", "scope"), [("../etc", "routing"), ("Acme", "routing"), ("acme", "a/b"), ("", "routing")]
)
def test_tenants_and_scopes_are_checked_before_they_become_keys_and_paths(tenant_id: str, scope: str) -> None:
    with pytest.raises(ConfigurationError, match=r"tenant_id|scope"):
        PolicySubscriber(NOWHERE, tenant_id, scope)


def test_one_feed_serves_a_slot_once() -> None:
    feed = PolicyFeed(NOWHERE)
    PolicySubscriber(feed, "acme")
    PolicySubscriber(feed, "acme", slot="canary")
    with pytest.raises(ConfigurationError, match="followed already"):
        PolicySubscriber(feed, "acme")
