"""What is written for an experience is what a reader decodes as one."""

from __future__ import annotations

import msgspec

from processors.experience import _Written, experience_bytes
from processors.ledger import Learned
from processors.waiting import Joined, Waiting
from signalbox.events import Experience, decode, encode, moment_at
from tests.processors.builders import COMPLETE, NOON, decision


def test_the_written_form_has_the_fields_of_the_event_in_its_order() -> None:
    fields = [field.name for field in msgspec.structs.fields(Experience)]
    fields.remove("schema_version")  # its default is never written
    assert [field.name for field in msgspec.structs.fields(_Written)] == fields


def test_an_experience_is_read_as_it_was_written() -> None:
    made = decision("d1")
    waiting = Waiting(7, NOON, "harbor#1", "harbor", "d1", "search", "text", 0.5, encode(made))
    joined = Joined(waiting, COMPLETE, 2)
    data = experience_bytes(Learned(joined, 0.923, None, 0.0), "abc", "routing-outcome/0/5", "1-x", 3)
    assert decode(Experience, data) == Experience(
        tenant_id="harbor",
        occurred_at=moment_at(NOON),
        decision_id="d1",
        reward=0.923,
        reward_version="abc",
        outcome=COMPLETE,
        decision=made,
        source="routing-outcome/0/5",
        run="1-x",
        batch=3,
        revision=2,
        propensity=0.5,
    )
    assert encode(decode(Experience, data)) == data
