"""What the trainer knows of trials and canaries, and what ends with them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate, TrainingResult, TrialProgress
from signalbox.topics import POLICY_UPDATED
from streams.policies import HISTORY, PolicyLedger
from streams.trainer.answering import settled
from streams.trainer.records import canary_ends, champion_ends
from streams.trainer.rollback import find_policy
from tests.integration.trainer_support import trigger
from tests.streams.test_trainer_policies import NOW, digest, ledger_of, result, update


def trial_update(version: int, digest_number: int, reason: str = "trial") -> PolicyUpdate:
    return structs.replace(update(version, digest_number), slot="canary", reason=reason, share=0.5)


def looked_at(number: int, digest_number: int, reason: str = "promising", minute: int = 0) -> TrainingResult:
    return structs.replace(
        result(1, digest_number),
        trigger_id=f"trial-{number}",
        occurred_at=NOW + timedelta(minutes=minute),
        version=None,
        verdict="on_trial",
        reason=reason,
        champion_digest=digest(1),
    )


CANARY_KEY = b"acme/routing/canary"


def test_a_trial_has_a_slot_of_its_own_which_a_tombstone_empties() -> None:
    ledger = ledger_of(1)
    ledger.apply(trial_update(1, 7))
    assert (ledger.champion_digest("acme", "routing"), ledger.canary_digest("acme", "routing")) == (
        digest(1),
        digest(7),
    )
    ledger.end(CANARY_KEY)
    ledger.end(b"globex/routing/canary")
    assert ledger.canary_digest("acme", "routing") is None
    assert ledger.champion_digest("acme", "routing") == digest(1)


def test_the_slots_versions_rise_although_kafka_forgets_what_was_in_it() -> None:
    ledger = PolicyLedger()
    for number in range(1, 4):
        assert ledger.next_version("acme", "routing", "canary") == number
        ledger.apply(trial_update(number, number))
        for _ in range(2):
            ledger.apply(looked_at(number, number))
        ledger.apply(looked_at(99, number, "undecided"))
        assert ledger.next_version("acme", "routing", "canary") == number + 1
        ledger.end(CANARY_KEY)
    assert ledger.next_version("acme", "routing") == 1


def test_what_began_a_trial_is_known_also_later() -> None:
    ledger = PolicyLedger()
    for number, (policy, reason) in enumerate(
        [(7, "promising"), (8, "requested"), (7, "insufficient_evidence")]
    ):
        ledger.apply(looked_at(number, policy, reason, minute=number))
    ledger.apply(looked_at(9, 7, "undecided", minute=9))
    begun = ledger.beginning("acme", "routing", digest(7))
    assert begun is not None and (begun.trigger_id, ledger.trial_number(begun)) == ("trial-2", 2)
    first = ledger.beginning("acme", "routing", digest(7), NOW + timedelta(minutes=1))
    assert first is not None and (first.trigger_id, ledger.trial_number(first)) == ("trial-0", 1)
    assert ledger.beginning("acme", "routing", digest(6)) is None


def test_the_last_look_tells_how_far_a_trial_has_come() -> None:
    ledger = PolicyLedger()
    ledger.apply(trial_update(1, 7))
    assert ledger.progress("acme", "routing").decisions == 0
    progress = TrialProgress(decisions=40, disagreements=3, seconds=1.0)
    ledger.apply(structs.replace(looked_at(1, 7, "undecided"), trial=progress))
    assert ledger.progress("acme", "routing") == progress
    ledger.apply(trial_update(2, 8))
    assert ledger.progress("acme", "routing").decisions == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 13)), min_size=1, max_size=60))
def test_no_artifact_is_ended_that_is_needed_and_none_forgotten(steps: list[tuple[bool, int]]) -> None:
    """Champions and canaries come and go; what ends is exactly what no slot and no history needs."""
    ledger, alive, store, version = PolicyLedger(), set(), _Store(), 0
    for number, (is_canary, policy) in enumerate(steps):
        if is_canary and ledger.canary("acme", "routing"):
            records = canary_ends(store, ledger, "acme", "routing")
        elif is_canary:
            ledger.apply(trial_update(number + 1, policy))
            alive.add(digest(policy))
            continue
        else:
            version += 1
            new = update(version, policy)
            records = champion_ends(store, ledger, new)
            alive.add(new.digest)
            ledger.apply(new)
            ledger.apply(result(version, policy))
        for record in records:
            if record.topic == POLICY_UPDATED:
                ledger.end(record.key)
            else:
                alive.discard(record.key.decode().partition("/")[0])
        assert {each.digest for each in ledger.in_force.values()} <= alive
    past = [each.digest for each in ledger.past("acme", "routing")]
    kept = set(list(dict.fromkeys(reversed(past)))[:HISTORY])
    assert alive == kept | {each.digest for each in ledger.in_force.values()}


class _Store:
    """An archive that has everything, ten bytes each."""

    def size(self, tenant_id: str, digest: str) -> int:
        return 10


def test_candidates_have_names_for_those_who_ask_for_them() -> None:
    ledger = ledger_of(1)
    ledger.apply(looked_at(1, 0xABC))
    assert find_policy(ledger, "acme", "routing", digest(0xABC), candidates=True) == digest(0xABC)
    with pytest.raises(ConfigurationError, match="no policy was in force as"):
        find_policy(ledger, "acme", "routing", digest(0xABC))
    with pytest.raises(ConfigurationError, match="no policy was in force or on trial as '9'"):
        find_policy(ledger, "acme", "routing", "9", candidates=True)


@pytest.mark.parametrize(
    ("champion", "on_trial", "asked_champion", "asked_trial", "verdict", "reason"),
    [
        (1, None, 1, None, None, None),
        (1, 7, 1, 7, None, None),
        (1, 7, 1, None, "on_trial", "undecided"),
        (1, None, 1, 7, "rejected", "invalid"),
        (1, 8, 1, 7, "rejected", "invalid"),
        (2, 7, 1, 7, "rejected", "stale_champion"),
        (1, None, None, None, "rejected", "stale_champion"),
    ],
)
def test_some_triggers_are_answered_by_what_is_out(
    champion: int,
    on_trial: int | None,
    asked_champion: int | None,
    asked_trial: int | None,
    verdict: str | None,
    reason: str | None,
) -> None:
    ledger = ledger_of(champion)
    if on_trial is not None:
        ledger.apply(trial_update(1, on_trial))
    digests = [None if number is None else digest(number) for number in (asked_champion, asked_trial)]
    answer = settled(trigger(1, champion_digest=digests[0], trial_digest=digests[1]), ledger)
    assert (answer and answer.result.verdict, answer and answer.result.reason) == (verdict, reason)
    if reason == "invalid":
        assert answer.result.trial is not None  # so that the worker takes the trial for ended
    if reason == "undecided":
        assert answer.result.digest == digest(on_trial)
