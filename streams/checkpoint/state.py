"""From a partition's state to a checkpoint of one scope in it, and back."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
from msgspec.structs import asdict as fields_of
from msgspec.structs import astuple

from processors.buffer import ReplayBuffer
from processors.ledger import Ledger
from processors.partition import Partition
from processors.scope import ScopeState
from processors.statistics import AgentStatistics
from processors.window import Row, Window
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate
from streams.checkpoint.format import (
    FORMAT,
    Checkpoint,
    SavedAgent,
    SavedLimit,
    SavedRow,
    SavedScope,
    SavedWindow,
)


def checkpoint_of(
    partition: Partition, tenant_key: str, scope: str, champion: PolicyUpdate | None
) -> Checkpoint:
    """The state of one scope; raises `ConfigurationError` where there is none."""
    ledger = partition.ledger
    state = ledger.scopes.get((tenant_key, scope))
    if state is None:
        raise ConfigurationError(
            f"tenant {tenant_key!r}, scope {scope!r}: the workers have no state of it (partition"
            f" {partition.number}); there is one of {_places(ledger) or 'no tenant'}"
        )
    buffer = ledger.buffers.get(tenant_key)
    windows = sorted(buffer.windows.items()) if buffer else []
    return Checkpoint(
        format=FORMAT,
        tenant_key=tenant_key,
        scope=scope,
        partition=partition.number,
        batch=partition.batch,
        cursors=partition.cursors,
        event_s=partition.event_s,
        experiences_end=partition.experiences_end,
        first_offsets={
            start: partition.first_offsets[start] for start, _ in windows if start in partition.first_offsets
        },
        scope_state=_saved_scope(state),
        agents={
            agent: SavedAgent(**asdict(statistics))
            for (key, agent), statistics in sorted(ledger.agents.items())
            if key == tenant_key and statistics.experiences
        },
        windows=tuple(_saved_window(start, window) for start, window in windows),
        champion=champion,
    )


def put_into(partition: Partition, checkpoint: Checkpoint) -> None:
    """Make the scope's state in `partition` what the checkpoint says; `changes` then gives the records.

    A partition without state takes over the offsets, too; another keeps its own. Raises `ConfigurationError`
    where the checkpoint's windows are not those of the settings.
    """
    ledger, tenant_key = partition.ledger, checkpoint.tenant_key
    buffer = ReplayBuffer(ledger.policies.buffer)
    for saved in checkpoint.windows:
        _restore_window(buffer, saved)
    # A batch with a number beyond all that the log of this state has seen: what else was published under it,
    # or later, by the workers from whose state the checkpoint came, is void from then on.
    fresh = partition.batch == 0
    partition.batch = max(partition.batch + 1, checkpoint.batch)
    partition.experience_batch = partition.batch
    if fresh:
        partition.cursors = dict(checkpoint.cursors)
        partition.event_s = dict(checkpoint.event_s)
    for start, offset in checkpoint.first_offsets.items():
        partition.first_offsets[start] = min(offset, partition.first_offsets.get(start, offset))
    partition.experiences_end = max(partition.experiences_end, checkpoint.experiences_end)
    ledger.scopes[tenant_key, checkpoint.scope] = _restored_scope(checkpoint.scope_state)
    ledger.touched_scopes.add((tenant_key, checkpoint.scope))
    _replace_agents(ledger, checkpoint)
    _replace_buffer(ledger, tenant_key, buffer)


def _places(ledger: Ledger) -> str:
    return ", ".join("/".join(place) for place in sorted(ledger.scopes)[:10])


def _saved_scope(state: ScopeState) -> SavedScope:
    return msgspec.convert(dict(zip(SavedScope.__struct_fields__, state.row(), strict=True)), SavedScope)


def _restored_scope(saved: SavedScope) -> ScopeState:
    # Through plain types, so that a state that goes on leaves the checkpoint as it is.
    return ScopeState.restored(msgspec.to_builtins(astuple(saved)))


def _saved_window(start: int, window: Window) -> SavedWindow:
    return SavedWindow(
        start,
        tuple(
            SavedRow(f"{row.hash:016x}", row.reward, row.revision, *row.stratum)
            for _, row in sorted(window.rows.items())
        ),
        tuple(SavedLimit(*stratum, f"{limit:016x}") for stratum, limit in sorted(window.left_out.items())),
    )


def _restore_window(buffer: ReplayBuffer, saved: SavedWindow) -> None:
    policy = buffer.policy
    if saved.start % policy.window_s:
        raise ConfigurationError(
            f"windows: start {saved.start} begins no window of SIGNALBOX_WINDOW_S={policy.window_s}"
        )
    if len(saved.rows) > policy.capacity:
        raise ConfigurationError(
            f"windows: {len(saved.rows)} rows in the one that starts at {saved.start}, but"
            f" SIGNALBOX_EXPERIENCE_REPLAY_SIZE={policy.capacity}"
        )
    window = buffer.window(saved.start)
    for row in saved.rows:
        stratum = row.agent, row.modality, row.band
        window.restore(Row(int(row.hash, 16), row.reward, row.revision, stratum))
    for limit in saved.left_out:
        window.limit((limit.agent, limit.modality, limit.band), int(limit.hash, 16))


def _replace_agents(ledger: Ledger, checkpoint: Checkpoint) -> None:
    known = {agent for key, agent in ledger.agents if key == checkpoint.tenant_key}
    for agent in known | checkpoint.agents.keys():
        saved = checkpoint.agents.get(agent)
        # One that is not in the checkpoint begins anew: a deleted key could not be used again.
        statistics = AgentStatistics(**fields_of(saved)) if saved else AgentStatistics()
        ledger.agents[checkpoint.tenant_key, agent] = statistics
        ledger.touched_agents.add((checkpoint.tenant_key, agent))


def _replace_buffer(ledger: Ledger, tenant_key: str, buffer: ReplayBuffer) -> None:
    ledger.buffers[tenant_key] = buffer
    ledger.buffer_rows.give_up(lambda row: row[0] == tenant_key)
    ledger.limit_rows.give_up(lambda row: row[0] == tenant_key)
    for start, window in buffer.windows.items():
        for decision in window.rows:
            ledger.buffer_rows.touch(start, (tenant_key, decision))
        for stratum in window.left_out:
            ledger.limit_rows.touch(start, (tenant_key, stratum))
