"""A checkpoint holds one scope's state, and puts exactly that back."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.buffer import BufferPolicy
from processors.changelog import changes, recover
from processors.partition import Partition
from processors.policies import Policies
from signalbox import topics
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate
from streams.checkpoint.format import read_checkpoint, write_checkpoint
from streams.checkpoint.save import partition_of
from streams.checkpoint.state import checkpoint_of, put_into
from streams.settings import load_settings
from tests.processors.builders import COMPLETE, NOON, Worker, batches_of, decision, log_of, moment_at, result
from tests.processors.traffic import (
    DIGESTS,
    PROMISED,
    random_sizes,
    seeds,
    small_limits,
    small_policies,
    wild_events,
)

CHAMPION = PolicyUpdate(
    tenant_id="harbor",
    occurred_at=moment_at(NOON),
    scope="routing",
    slot="champion",
    version=3,
    digest="ab" * 32,
    size_bytes=10,
    chunks=1,
    reason="promoted",
    manifest={"agents": ["search [web]", "a\nb"]},
)


def learned(partition: Partition, tenant_key: str) -> Any:
    """All that a checkpoint is to hold of a tenant's learning."""
    ledger = partition.ledger
    buffer = ledger.buffers.get(tenant_key)
    return {
        "buffer": {start: (w.rows, w.left_out) for start, w in buffer.windows.items()} if buffer else {},
        "agents": {
            place: agent.row()
            for place, agent in ledger.agents.items()
            if place[0] == tenant_key and agent.experiences
        },
        "scopes": {place: scope.row() for place, scope in ledger.scopes.items() if place[0] == tenant_key},
    }


def busy_worker(events: int = 40, policies: Policies | None = None) -> Worker:
    worker = Worker(policies or small_policies())
    for i in range(events):
        agent = ("search", "summary")[i % 2]
        tenant = ("harbor", "museum")[i % 3 == 0]
        worker.feed(decision(f"d{i}", i * 9.0, tenant_id=tenant, chosen_agent=agent, outcome=COMPLETE))
    return worker


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 79))
def test_a_load_restores_one_tenant_and_touches_no_other(seed: int, saved_after: int) -> None:
    """Whatever came between, and also once everything is recovered from the changelog."""
    random = Random(seed)
    worker = Worker(small_policies())
    with small_limits():
        batches = list(batches_of(log_of(wild_events(random, 80)), random_sizes(random)))
        for topic, records in batches[:saved_after]:
            worker.apply(topic, records)
        if ("harbor", "routing") not in worker.partition.ledger.scopes:
            return
        before = deepcopy(learned(worker.partition, "harbor"))
        checkpoint = checkpoint_of(worker.partition, "harbor", "routing", None)
        for topic, records in batches[saved_after:]:
            worker.apply(topic, records)
        other, cursors = learned(worker.partition, "museum"), dict(worker.partition.cursors)
        put_into(worker.partition, checkpoint)
        worker.write(changes(worker.partition))
        assert learned(worker.partition, "harbor") == before
        # Recovering lets go of windows that are over; the loaded ones may be.
        oldest = worker.partition._oldest_window
        before["buffer"] = {start: window for start, window in before["buffer"].items() if start >= oldest}
        worker.restart("again")
        assert learned(worker.partition, "harbor") == before
        assert learned(worker.partition, "museum") == other
        assert worker.partition.cursors == cursors


def test_where_there_is_no_state_the_offsets_are_taken_over_too(tmp_path: Path) -> None:
    worker = busy_worker()
    saved = worker.partition
    write_checkpoint(tmp_path / "c.json", checkpoint_of(saved, "harbor", "routing", CHAMPION))
    checkpoint = read_checkpoint(tmp_path / "c.json")
    partition = Partition(0, worker.policies, "reader")
    put_into(partition, checkpoint)
    found = recover(0, worker.policies, "x", {k: v for k, v in changes(partition).items() if v is not None})
    assert learned(found, "harbor") == learned(saved, "harbor")
    assert learned(found, "museum") == {"buffer": {}, "agents": {}, "scopes": {}}
    assert (found.cursors, found.event_s, found.experiences_end) == (
        {topics.ROUTING_DECISION: 40},
        saved.event_s,
        saved.experiences_end,
    )
    # The next worker's batches follow the saved one: what earlier workers published after it is void.
    assert found.batch == saved.batch == 40
    assert found.first_offsets.items() <= saved.first_offsets.items()
    assert checkpoint.champion == CHAMPION


def test_the_file_is_for_people_too_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("older")
    checkpoint = checkpoint_of(busy_worker().partition, "harbor", "routing", CHAMPION)
    write_checkpoint(path, checkpoint)
    rows = [line for line in path.read_text().splitlines() if '"text", ' in line]
    assert len(rows) == sum(len(w.rows) + len(w.left_out) for w in checkpoint.windows) > 0
    assert read_checkpoint(path) == checkpoint
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format: 2, this version reads only 1"),
        ({"tenant_key": "Harbor!"}, r"tenant_key"),
        ({"tenant_key": "harbor\n"}, r"tenant_key"),
        ({"cursors": {"routing-decision": -1}}, r"cursors"),
        ({"more": 1}, "more"),
        ({"windows": [{"start": 0, "rows": [["zz", 0.5, 0, "a", "text", 1]], "left_out": []}]}, "windows"),
    ],
)
def test_what_is_no_checkpoint_is_refused_by_field(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "c.json"
    write_checkpoint(path, checkpoint_of(busy_worker().partition, "harbor", "routing", None))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigurationError, match=message):
        read_checkpoint(path)


def test_a_trial_a_promise_and_what_was_seen_of_drift_are_in_the_file(tmp_path: Path) -> None:
    worker = busy_worker(60)
    for verdict in ("promoted", "on_trial"):
        worker.feed(result("nobody asked", verdict, digest=DIGESTS[verdict == "on_trial"], candidate=PROMISED))
    saved = worker.partition.ledger.scopes["harbor", "routing"]
    assert saved.trial and saved.promise and saved.drift.segments
    path = tmp_path / "c.json"
    write_checkpoint(path, checkpoint_of(worker.partition, "harbor", "routing", None))
    partitions = [Partition(0, worker.policies, name) for name in ("one", "two")]
    checkpoint = read_checkpoint(path)
    for partition in partitions:
        put_into(partition, checkpoint)
    one, two = (partition.ledger.scopes["harbor", "routing"] for partition in partitions)
    assert one == two == saved
    assert one.drift is not two.drift, "a state that goes on leaves the checkpoint as it is"


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    write_checkpoint(path, checkpoint_of(busy_worker().partition, "harbor", "routing", None))
    content = json.loads(path.read_text())
    for name in ("trial", "promise", "drift", "changed_at_s", "drifted"):
        del content["scope_state"][name]
    path.write_text(json.dumps(content))
    state = read_checkpoint(path).scope_state
    assert (state.trial, state.promise, state.drift.segments, state.drifted) == (None, None, [], False)


@pytest.mark.parametrize(
    "change",
    [{"drift": [[[16, 99_000_000, 1.0]], 0, 0, 0.0, 0.0, 1.0]}, {"promise": ["a", 2.0]}, {"trial": [7]}],
)
def test_a_scope_that_can_not_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "c.json"
    write_checkpoint(path, checkpoint_of(busy_worker().partition, "harbor", "routing", None))
    content = json.loads(path.read_text())
    content["scope_state"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match=r"no checkpoint: .*scope_state"):
        read_checkpoint(path)


def test_files_that_cannot_be_read_or_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.json: it can't be read: No such file"):
        read_checkpoint(tmp_path / "none.json")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ConfigurationError, match="text: no checkpoint: "):
        read_checkpoint(tmp_path / "text")
    checkpoint = checkpoint_of(busy_worker().partition, "harbor", "routing", None)
    with pytest.raises(ConfigurationError, match="it can't be written: No such file"):
        write_checkpoint(tmp_path / "no" / "folder", checkpoint)


def test_a_scope_without_state_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="there is one of harbor/routing, museum/routing"):
        checkpoint_of(busy_worker().partition, "harbor", "orchestration", None)


def test_windows_that_are_not_those_of_the_settings_are_refused() -> None:
    checkpoint = checkpoint_of(busy_worker().partition, "harbor", "routing", None)
    for buffer, message in (
        (BufferPolicy(window_s=7, windows=3, capacity=4), "begins no window of SIGNALBOX_WINDOW_S=7"),
        (BufferPolicy(window_s=300, windows=3, capacity=3), "SIGNALBOX_EXPERIENCE_REPLAY_SIZE=3"),
    ):
        partition = Partition(0, Policies(buffer=buffer), "reader")
        with pytest.raises(ConfigurationError, match=message):
            put_into(partition, checkpoint)
        assert (partition.batch, partition.ledger.scopes) == (0, {})


def test_agents_that_came_later_begin_anew() -> None:
    worker = busy_worker()
    checkpoint = checkpoint_of(worker.partition, "harbor", "routing", None)
    few = replace(checkpoint, agents={"search": checkpoint.agents["search"]})
    put_into(worker.partition, few)
    worker.write(changes(worker.partition))
    worker.restart("again")
    assert checkpoint_of(worker.partition, "harbor", "routing", None).agents == few.agents


def test_the_partition_of_a_key_is_that_of_the_clients() -> None:
    given = load_settings(partitions=8, tenant_shards={"big": 2})
    # What Kafka's Java client computes: murmur2, made positive, modulo.
    assert [partition_of(given, key) for key in ("acme", "big#0", "big#1")] == [
        _positive_murmur2(key) % 8 for key in (b"acme", b"big#0", b"big#1")
    ]
    for key in ("big", "big#2", "acme#0"):
        with pytest.raises(ConfigurationError, match="SIGNALBOX_TENANT_SHARDS makes its key"):
            partition_of(given, key)
    with pytest.raises(ConfigurationError, match="lower-case letters"):
        partition_of(given, "No tenant")


def _positive_murmur2(key: bytes) -> int:
    from aiokafka.partitioner import murmur2

    return int(murmur2(key)) & 0x7FFFFFFF
