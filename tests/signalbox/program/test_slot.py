"""A prompt program comes into force under the same checks as a policy, and the last good one stays."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.random_policy import random_policy
from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate, encode
from signalbox.policy import DecisionFeatures, ProgramInfo, digest_of
from signalbox.policy_search import RefusedPolicy, UpdateRecord
from signalbox.program.slot import ProgramSlot
from tests.signalbox.programs import AGENTS, answering, language_model, program_bytes

GOOD = program_bytes()
INFO = ProgramInfo(signature="routing", fingerprint="0" * 64, optimizer="gepa", language_model="test")


def slot(folder: Path | None = None) -> ProgramSlot:
    return ProgramSlot(Connection(bootstrap_servers="localhost:1"), "acme", cache_folder=folder)


def publish(subject: ProgramSlot, data: bytes, version: int, **changes: Any) -> None:
    content: dict[str, Any] = {
        "tenant_id": "acme",
        "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
        "scope": "program:routing",
        "slot": "champion",
        "version": version,
        "digest": digest_of(data),
        "size_bytes": len(data),
        "chunks": 1,
        "reason": "promoted",
        "manifest": {},
    }
    update = subject.check(UpdateRecord(encode(PolicyUpdate(**{**content, **changes})), None))
    if update is not None:
        subject.adopt(update, data, None)


def test_a_good_program_comes_into_force_and_answers() -> None:
    subject = slot()
    assert subject.key == b"acme/program:routing/champion"
    publish(subject, GOOD, 1)
    active = subject.current
    assert active is not None
    assert (active.digest, active.version, active.slot) == (digest_of(GOOD), 1, "program")
    model = language_model(answering(AGENTS[1]))
    assert active.program.recommend(DecisionFeatures("q"), AGENTS, model).agent == AGENTS[1]
    subject.end()
    assert subject.current is None


@pytest.mark.parametrize(
    ("data", "changes", "reason"),
    [
        (GOOD, {"digest": "0" * 64}, "tampered"),
        (program_bytes(tenant_id="globex"), {}, "foreign"),
        (program_bytes(scope="program:modality"), {}, "foreign"),
        (random_policy(AGENTS), {}, "unusable"),
        (program_bytes(program=INFO), {}, "unusable"),
        (GOOD[:-40], {}, "unusable"),
        (GOOD, {"version": 2}, "old_version"),
        (GOOD, {"scope": "routing"}, "foreign"),
    ],
)
def test_anything_else_is_refused_and_the_last_good_one_stays(data: bytes, changes: Any, reason: str) -> None:
    subject, first = slot(), program_bytes(epsilon=0.3)
    publish(subject, first, 3)
    with pytest.raises(RefusedPolicy) as refusal:
        publish(subject, data, **{"version": 4, **changes})
    assert refusal.value.reason == reason
    assert subject.current is not None
    assert subject.current.digest == digest_of(first)


def test_the_last_good_one_is_kept_on_disk(tmp_path: Path) -> None:
    publish(slot(tmp_path), GOOD, 7)
    again = slot(tmp_path).current
    assert again is not None
    assert (again.digest, again.version) == (digest_of(GOOD), 7)


def test_a_router_without_dspy_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.program.slot.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"signalbox\[program\]"):
        slot()
