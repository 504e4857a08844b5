"""Real queries: files of text and label, grouped or not."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from processors.reward import RewardPolicy, reward
from signalbox.errors import ConfigurationError
from streams.simulator.real_queries import query_workload, read_groups, read_queries

REWARD_OF = partial(reward, policy=RewardPolicy())
ROWS = [("is my card lost, or stolen", "card"), ("book a table", "dining"), ("pay it", "card")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("headed.csv", 'label,text\ncard,"is my card lost, or stolen"\ndining,book a table\ncard,pay it\n'),
        ("bare.csv", '"is my card lost, or stolen",card\nbook a table,dining\n\npay it,card\n'),
        (
            "lines.jsonl",
            '{"text": "is my card lost, or stolen", "label": "card", "id": 7}\n'
            '{"text": "book a table", "label": "dining"}\n\n{"label": "card", "text": "pay it"}\n',
        ),
    ],
)
def test_csv_and_json_lines_hold_the_same(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    assert read_queries(file) == ROWS


def test_a_quoted_line_break_stays_in_its_query(tmp_path: Path) -> None:
    file = tmp_path / "asked.csv"
    file.write_text('text,label\n"two\nlines",a\nother,b\n')

    assert read_queries(file) == [("two\nlines", "a"), ("other", "b")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("short.csv", "text,label\nonly text\n", "row 1 has no text and label"),
        ("empty.csv", "", "holds no rows"),
        ("bad.jsonl", '{"text": "a", "label": "b"}\nnot json\n', "line 2"),
        ("lacking.jsonl", '{"text": "a"}\n', "line 1"),
        ("blank.csv", "text,label\nhello,\n", "row 1 has an empty"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=message):
        read_queries(file)


def test_groups_are_read_from_json_and_from_csv(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text('{"bank": ["card", "loan"], "travel": ["flight"]}')
    (tmp_path / "g.csv").write_text("label,group\ncard,bank\nloan, bank\nflight,travel\n")

    expected = {"card": "bank", "loan": "bank", "flight": "travel"}
    assert read_groups(tmp_path / "g.json") == read_groups(tmp_path / "g.csv") == expected


def test_groups_that_are_not_groups_are_refused(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text('["card"]')

    with pytest.raises(ConfigurationError, match="groups: "):
        read_groups(tmp_path / "g.json")


def test_the_owner_of_the_label_is_the_right_agent() -> None:
    groups = {"card": "bank", "dining": "food"}
    workload = query_workload("harbor", ROWS, groups, reward_of=REWARD_OF)

    assert workload.agents == ("bank", "food")
    assert workload.shares.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert workload.outcomes.expected.argmax(axis=1).tolist() == [0, 1]
    assert workload.best_single_agent == "bank"
    assert workload.optimal_reward > 0.85
    right, wrong = workload.outcomes.expected[0]
    assert workload.best_single_agent_reward == pytest.approx(2 / 3 * right + 1 / 3 * wrong)


def test_in_a_changed_world_every_group_has_another_right_agent() -> None:
    rows = [(f"query {i}", f"label {i % 5}") for i in range(25)]
    before = query_workload("harbor", rows, None, reward_of=REWARD_OF)
    right = before.changed(np.random.default_rng(1)).outcomes.expected.argmax(axis=1)

    assert sorted(right) == list(range(5))
    assert (right != np.arange(5)).all()


def test_every_query_is_asked_once_before_any_is_asked_again() -> None:
    workload = query_workload("harbor", ROWS, None, reward_of=REWARD_OF)
    rng = np.random.default_rng(0)
    rounds = [Counter(workload.tasks.next_task(rng).query for _ in ROWS) for _ in range(3)]

    assert rounds == [Counter(text for text, _ in ROWS)] * 3


def test_a_label_in_no_group_is_named() -> None:
    with pytest.raises(ConfigurationError, match="label 'dining'"):
        query_workload("harbor", ROWS, {"card": "bank"}, reward_of=REWARD_OF)


def test_one_agent_alone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="only one agent"):
        query_workload("harbor", ROWS[:1], None, reward_of=REWARD_OF)
