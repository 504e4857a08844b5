"""Any labelled set becomes a stream, and what is wrong with it is said with file, line and field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.learning.labelled import labelled_stream, read_rows
from benchmarks.learning.streams import Stream
from signalbox.errors import ConfigurationError

TRAIN = 'text,label\n"pay, please",bank\nbook a flight,travel\nmy balance,bank\n'
TEST = "text,label\npay now,bank\n"


def stream_of(folder: Path, train: str, test: str = TEST, cards: str = "none", kind: str = "csv") -> Stream:
    (folder / f"train.{kind}").write_text(train)
    (folder / "test.csv").write_text(test)
    return labelled_stream(folder / f"train.{kind}", folder / "test.csv", cards, 1)


@pytest.mark.parametrize("train", [TRAIN, TRAIN.partition("\n")[2], "label,text\nbank,a\ntravel,b\nbank,c\n"])
def test_the_label_is_the_right_agent(tmp_path: Path, train: str) -> None:
    stream = stream_of(tmp_path, train)
    assert (stream.name, stream.agents, stream.optimum) == ("train", ("agent-000", "agent-001"), 1.0)
    assert stream.expected.sum(axis=0).tolist() == [2.0, 1.0]
    assert stream.test_expected.tolist() == [[1.0, 0.0]]
    assert stream.cards is None


def test_the_order_is_seeded(tmp_path: Path) -> None:
    content = "".join(f"query {i},{'ab'[i % 2]}\n" for i in range(50))
    stream = stream_of(tmp_path, content, "x,a\n")
    assert stream.queries == stream_of(tmp_path, content, "x,a\n").queries
    assert list(stream.queries) != sorted(stream.queries, key=lambda text: int(text.split()[1]))


def test_reward_columns_give_graded_rewards(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "pay", "label": "bank", "bank": 0.9, "travel": 0.25}\n\n'
        '{"text": "fly", "label": "travel", "bank": 0, "travel": "1"}\n'
    )
    (tmp_path / "b.csv").write_text("text,label,travel,bank\nfly,travel,1,0.5\n")
    stream = labelled_stream(tmp_path / "a.jsonl", tmp_path / "b.csv", "none", 1)
    by_query = dict(zip(stream.queries, stream.expected.tolist(), strict=True))
    assert by_query == {"pay": pytest.approx([0.9, 0.25]), "fly": [0.0, 1.0]}
    assert stream.test_expected.tolist() == [[0.5, 1.0]]
    assert stream.optimum == pytest.approx(0.95)


def test_cards_are_labels_or_a_file(tmp_path: Path) -> None:
    train = "a,pay_bill\nb,book_flight\n"
    assert stream_of(tmp_path, train, "c,pay_bill\n", "labels").cards == ("book flight", "pay bill")
    (tmp_path / "cards.csv").write_text("agent,text\npay_bill,Pays what you owe\n")
    cards = str(tmp_path / "cards.csv")
    assert stream_of(tmp_path, train, "c,pay_bill\n", cards).cards == (None, "Pays what you owe")


@pytest.mark.parametrize(
    ("kind", "train", "said"),
    [
        ("csv", "", "train.csv: no rows"),
        ("csv", "text,label\n", "train.csv: no rows"),
        ("csv", "text,label\na,x\nb\n", "train.csv line 3: 1 fields instead of 2"),
        ("csv", "text,label\na,x\n ,y\n", "train.csv line 3: text is ' '"),
        ("csv", "text,label\na,x\nb,\n", "train.csv line 3: label is ''"),
        ("csv", "a,x\nb,x\n", "train.csv line 1: 'x' is the only agent"),
        ("csv", "text,label,x,x\na,x,1,0\n", "train.csv line 1: a column is named twice"),
        ("csv", "text,label,x,y\na,x,1,\n", "train.csv line 2: reward 'y' is ''"),
        ("csv", "text,label,x,y\na,x,1,1.5\n", "train.csv line 2: reward 'y' is '1.5'"),
        ("csv", "text,label,x,y\na,x,nan,1\n", "train.csv line 2: reward 'x' is 'nan'"),
        ("csv", "text,label,x,y\na,z,1,0\n", "train.csv line 2: label 'z' is none of the reward columns"),
        ("jsonl", '{"text": "a", "label": "x"}\n{"text": "b"\n', "train.jsonl line 2: not JSON"),
        ("jsonl", "[1]\n", "train.jsonl line 1: not a JSON object"),
        ("jsonl", '{"text": "a"}\n', "train.jsonl line 1: label is None"),
        ("jsonl", '{"text": "a", "label": 3}\n', "train.jsonl line 1: label is 3"),
        ("jsonl", '{"text": "a", "label": "x", "x": true}\n', "train.jsonl line 1: reward 'x' is True"),
        (
            "jsonl",
            '{"text": "a", "label": "x", "x": 1, "y": 0}\n{"text": "a", "label": "x", "x": 1}\n',
            "train.jsonl line 2: 'y' is not a column of every row",
        ),
        ("csv", "text,label,bank,x\na,x,1,0\n", "test.csv line 2: no reward columns, unlike"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, kind: str, train: str, said: str) -> None:
    test = "a,x\nb,x\n" if said.endswith("only agent") else TEST
    with pytest.raises(ConfigurationError) as raised:
        stream_of(tmp_path, train, test, kind=kind)
    assert said in str(raised.value)


def test_both_sets_have_the_same_reward_columns(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"train.csv line 2: no reward of agent 'z'"):
        stream_of(tmp_path, "text,label,x,y\na,x,1,0\n", "text,label,x,z\na,x,1,0\n")


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ("agent,text\nbank,a\nbank,b\n", "cards.csv line 3: a second card of agent 'bank'"),
        ("agent,text\nbank,\n", "cards.csv line 2: text is ''"),
        ("agent,text\nwho,a\n", "agent 'who' is no label"),
    ],
)
def test_wrong_cards_are_refused(tmp_path: Path, cards: str, said: str) -> None:
    (tmp_path / "cards.csv").write_text(cards)
    with pytest.raises(ConfigurationError) as raised:
        stream_of(tmp_path, TRAIN, cards=str(tmp_path / "cards.csv"))
    assert said in str(raised.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(np.arange(255, dtype=np.uint8).tobytes())
    with pytest.raises(ConfigurationError, match=r"x.csv: can't be read"):
        read_rows(tmp_path / "x.csv")
