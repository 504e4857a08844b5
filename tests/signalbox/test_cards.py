"""Cards follow the log: the newest of each agent counts, who has left is known, nonsense is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.cards import MAX_CARDS, NO_CARDS, CardBook, Cards
from signalbox.events import AgentCard, encode
from signalbox.topics import card_key

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def card(agent: str, **fields: object) -> AgentCard:
    return AgentCard(tenant_id=str(fields.pop("tenant_id", "acme")), occurred_at=NOON, agent=agent, **fields)


def record(event: AgentCard) -> tuple[bytes, bytes]:
    return card_key(event.tenant_id, event.agent), encode(event)


def left(agent: str, tenant_id: str = "acme") -> tuple[bytes, None]:
    return card_key(tenant_id, agent), None


def test_the_newest_card_of_each_agent_counts() -> None:
    book = CardBook("acme")
    assert (book.current, bool(book.current)) == (NO_CARDS, False)
    assert book.apply([record(card("a", name="first")), record(card("b")), record(card("a", name="second"))])
    assert book.current.by_agent == {"a": card("a", name="second"), "b": card("b")}
    assert (book.current.gone, bool(book.current), book.refused) == (frozenset(), True, {})


def test_an_agent_that_leaves_is_gone_until_it_comes_back() -> None:
    book = CardBook("acme")
    book.apply([record(card("a")), left("a"), left("never-seen")])
    assert (dict(book.current.by_agent), book.current.gone) == ({}, {"a", "never-seen"})
    book.apply([record(card("a", name="again"))])
    assert (list(book.current.by_agent), book.current.gone) == (["a"], {"never-seen"})


def test_a_snapshot_is_replaced_only_by_news_and_never_changed() -> None:
    book = CardBook("acme")
    book.apply([record(card("a"))])
    before = book.current
    assert not book.apply(
        [record(card("a")), record(card("b", tenant_id="rival")), left("c", "rival"), (None, b"")]
    )
    assert book.current is before
    assert book.apply([record(card("b"))])
    assert list(before.by_agent) == ["a"]
    with pytest.raises(TypeError):
        before.by_agent["b"] = card("b")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (card_key("acme", "a"), b"{", "not_json"),
        (card_key("acme", "a"), b"{}", "invalid"),
        (card_key("acme", "a"), b"", "not_json"),
        (card_key("acme", "a"), encode(card("b")), "wrong_key"),
        (card_key("acme", "a"), encode(card("a", tenant_id="rival")), "wrong_key"),
        (b"acme/\xff", encode(card("a")), "wrong_key"),
        (card_key("acme", "a"), b'{"schema_version": 2}', "unsupported_version"),
    ],
)
def test_a_bad_card_is_refused_counted_and_hides_nothing(key: bytes, value: bytes, reason: str) -> None:
    book = CardBook("acme")
    book.apply([record(card("a"))])
    assert not book.apply([(key, value)])
    assert (book.refused, list(book.current.by_agent)) == ({reason: 1}, ["a"])


def test_more_cards_than_a_decision_has_candidates_are_refused() -> None:
    book = CardBook("acme")
    book.apply(record(card(f"agent-{i}")) for i in range(MAX_CARDS + 3))
    assert (len(book.current.by_agent), book.refused) == (MAX_CARDS, {"too_large": 3})
    assert book.apply([record(card("agent-0", name="new"))])
    assert book.apply([left("agent-1"), record(card("late"))])
    assert "late" in book.current.by_agent


def test_an_alias_is_one_agent_s_earlier_name() -> None:
    cards = [
        card("new", aliases=("old", "older")),
        card("b", aliases=("new", "shared")),
        card("c", aliases=("shared",)),
    ]
    known = Cards({one.agent: one for one in cards}, frozenset({"old"}))
    assert known.aliases == {"old": "new", "older": "new"}


changes = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.text(max_size=3)), max_size=20)


@given(changes, st.integers(1, 5))
def test_the_same_log_gives_the_same_cards_in_whatever_batches(
    log: list[tuple[str, str | None]], size: int
) -> None:
    records = [left(agent) if name is None else record(card(agent, name=name)) for agent, name in log]
    whole, parts = CardBook("acme"), CardBook("acme")
    whole.apply(records)
    for start in range(0, len(records), size):
        parts.apply(records[start : start + size])
    assert whole.current == parts.current
    newest = dict(log)
    assert whole.current.gone == {agent for agent, name in newest.items() if name is None}
    assert {agent: one.name for agent, one in whole.current.by_agent.items()} == {
        agent: name for agent, name in newest.items() if name is not None
    }
