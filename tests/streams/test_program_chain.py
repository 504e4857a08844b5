"""When the trigger of a program follows from an answer."""

from datetime import timedelta
from typing import Any

import pytest

from models.configuration import TrainingConfiguration
from models.programs import ProgramConfiguration
from processors.training.program_trigger import chained
from signalbox.connection import Connection
from signalbox.events import OffsetRange, OptimizationTrigger, Verdict, decode
from streams.policies import PolicyLedger
from streams.policy_records import Record
from streams.settings import load_settings
from streams.trainer.job import Answer, without_training
from streams.trainer.program_chain import ProgramChain
from tests.integration.trainer_support import NOW, trigger

TOLD = TrainingConfiguration(program=ProgramConfiguration()).to_dict()
LABELS = OffsetRange(topic="annotation", partition=1, start=0, end=7)


class Chain(ProgramChain):
    """Without Kafka."""

    async def _annotations(self, trigger: OptimizationTrigger) -> list[OffsetRange]:
        return [LABELS]


CHAIN = Chain(Connection(bootstrap_servers="nowhere:9092"), load_settings(program_interval_s=600))


def routing(number: int = 1, minutes: float = 0, **changes: Any) -> OptimizationTrigger:
    content = {"configuration": TOLD, "experiences": 60, "occurred_at": NOW + timedelta(minutes=minutes)}
    return trigger(number, **content | changes)


async def after(
    asked: OptimizationTrigger, ledger: PolicyLedger | None = None, verdict: Verdict = "rejected"
) -> list[Record]:
    answer: Answer = without_training(asked, verdict, "not_proven", "")
    return await CHAIN.after(asked, answer, ledger or PolicyLedger())


async def test_the_second_stage_has_the_same_evidence_and_the_labels_of_it() -> None:
    first = routing(ranges=(OffsetRange(topic="routing-experience", partition=1, start=3, end=9),), look=4)
    (record,) = await after(first)
    found = decode(OptimizationTrigger, record.value or b"")
    assert (found.trigger_id, found.scope, found.reasons) == (
        "trigger-1/program",
        "program:routing",
        ("multi_stage",),
    )
    assert found.ranges == (*first.ranges, LABELS)
    assert (found.run, found.batch, found.seed, found.buffer_digest) == (
        first.run,
        first.batch,
        first.seed,
        first.buffer_digest,
    )
    assert (found.look, found.champion_digest, record.key) == (1, None, b"acme")


async def test_a_trigger_that_was_made_for_labels_has_them_already_and_reaches_back() -> None:
    experiences = OffsetRange(topic="routing-experience", partition=1, start=3, end=9)
    asked = routing(reasons=("annotations", "interval"), ranges=(experiences, LABELS))
    chain = ProgramChain(CHAIN.connection, CHAIN.settings)
    answer = without_training(asked, "rejected", "not_proven", "")
    (record,) = await chain.after(asked, answer, PolicyLedger())
    found = decode(OptimizationTrigger, record.value or b"")
    assert found.ranges == asked.ranges
    assert found.reasons == ("multi_stage", "annotations")


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "modality:video"},
        {"trial_digest": "a" * 64},
        {"reasons": ("below_promise",)},
        {"experiences": 49},
        {"configuration": {"learner": "value"}},
        {"configuration": TOLD | {"unknown": 1}},
        {"configuration": TOLD | {"program": {"enable_multi_stage": False}}},
    ],
)
async def test_nothing_follows_where_nothing_was_trained_or_no_program_is_wanted(
    changes: dict[str, Any],
) -> None:
    assert await after(routing(**changes)) == []


async def test_nothing_follows_a_failure() -> None:
    assert await after(routing(), verdict="failed") == []


async def test_one_trigger_is_open_at_a_time_and_they_keep_their_distance() -> None:
    ledger = PolicyLedger()
    first = routing(1)
    ledger.apply(chained(first, [], None, 1))
    assert await after(routing(2, minutes=30), ledger) == []  # the first has no answer yet
    ledger.answered.add("trigger-1/program")
    assert await after(routing(2, minutes=9), ledger) == []
    (record,) = await after(routing(2, minutes=10), ledger)
    assert decode(OptimizationTrigger, record.value or b"").look == 2


async def test_a_change_of_the_rewards_begins_anew() -> None:
    ledger = PolicyLedger()
    ledger.apply(chained(routing(1), [], None, 1))
    changed = routing(2, minutes=1, changed_at=NOW)
    (record,) = await after(changed, ledger)
    assert decode(OptimizationTrigger, record.value or b"").look == 1


async def test_an_open_trigger_that_is_too_old_is_given_up() -> None:
    ledger = PolicyLedger()
    ledger.apply(chained(routing(1), [], None, 1))
    assert len(await after(routing(2, minutes=60 * 7), ledger)) == 1
