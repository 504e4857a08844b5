"""The rules that the offline model reads from instructions and writes into them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.language_model.offline.derive import derive
from adapters.language_model.offline.examples import from_feedback, from_lines, from_reprs
from adapters.language_model.offline.prompt import Example
from adapters.language_model.offline.rules import Rulebook, read_rules, without_rules

CLIPS = 'When the query mentions "clip" (3) or "footage", agent is video_agent.'


def speaking(text: str, query: str) -> dict[str, float]:
    return {
        f"{value} {word}": weight
        for weight, value, word in read_rules(text).speaking("agent", {"query": query})
    }


def test_a_rule_speaks_for_its_value_by_each_word_that_is_mentioned() -> None:
    assert speaking(CLIPS, "The Clips of my footage") == {
        "video_agent clip": pytest.approx(3 / 4),
        "video_agent footage": pytest.approx(1 / 2),
    }
    assert speaking(CLIPS, "an article") == {}
    assert read_rules(CLIPS).speaking("agent", {"context": "clip"}) == []


def test_rules_that_contradict_each_other_weaken_each_other() -> None:
    both = CLIPS + ' When the query mentions "clip", agent is text_agent.'
    assert speaking(both, "clip") == {"video_agent clip": 3 / 5, "text_agent clip": 1 / 5}


@pytest.mark.parametrize("glue", ["", " ", "\n", "\n\n        "])
def test_rules_are_found_wherever_they_stand_and_the_rest_is_kept(glue: str) -> None:
    text = f"Choose well.{glue}{CLIPS}{glue}Otherwise, agent is v1.2."
    book = read_rules(text)
    assert book.sentences() == [CLIPS, "Otherwise, agent is v1.2."]
    assert without_rules(text) == "Choose well."


@pytest.mark.parametrize(
    "text",
    ["", "When the query mentions clip, agent is x.", 'When the query mentions "clip", agent is', 'mentions "'],
)
def test_what_is_no_rule_is_passed_over(text: str) -> None:
    assert read_rules(text) == Rulebook()


def test_an_escape_that_json_does_not_know_is_taken_as_it_stands() -> None:
    assert speaking(r'When the query mentions "a\xb", agent is video_agent.', "clip") == {}


NAME = st.from_regex(r"[a-z]\w{0,8}", fullmatch=True)
WORD = st.text(st.characters(categories=("Ll", "Lo")), min_size=2, max_size=8)


@settings(max_examples=40, derandomize=True)
@given(
    st.lists(st.tuples(NAME, NAME, WORD, st.text(max_size=12).filter(str.strip), st.integers(1, 9)), max_size=8)
)
def test_what_is_written_is_read_back(rows: list[tuple[str, str, str, str, int]]) -> None:
    book = Rulebook()
    for output, name, word, value, count in rows:
        book.add(output, (name, word), value, count)
        book.otherwise[output][value] += 1
    read = read_rules(" ".join(book.sentences()))
    assert read.seen == book.seen
    assert {name: read.default(name) for name in read.otherwise} == {
        name: book.default(name) for name in book.otherwise
    }


def test_merging_adds_up() -> None:
    book = read_rules(CLIPS)
    book.merge(read_rules('When the query mentions "clip" (2), agent is video_agent.'))
    assert book.sentences() == [CLIPS.replace("(3)", "(5)")]


def test_words_without_a_clear_value_are_left_out_as_a_whole() -> None:
    book = read_rules(
        'When the query mentions "clip" (3) or "tea" (2), agent is a.'
        'When the query mentions "tea" or "clip", agent is b.'
    )
    assert book.sentences(0.7) == [
        'When the query mentions "clip" (3), agent is a.',
        'When the query mentions "clip", agent is b.',
    ]
    assert book.only({"other"}).sentences() == []


def test_rules_come_from_the_words_that_tell_examples_apart() -> None:
    rows = [
        ("the clip of frogs", "video"),
        ("an essay on frogs", "text"),
        ("clip, bees", "video"),
        ("clip", "video"),
    ]
    found = derive(
        Example({"query": query, "constant": "same", "agents": "video, text"}, {"agent": agent})
        for query, agent in rows
    )
    assert found.sentences() == [
        'When the query mentions "essay" or "frogs", agent is text.',
        'When the query mentions "clip" (3) or "bees" or "frogs", agent is video.',
        "Otherwise, agent is video.",
    ]


@pytest.mark.parametrize(
    ("feedback", "label"),
    [
        ("Right.", "a_agent"),
        ("Wrong: agent is b_agent, not a_agent.", "b_agent"),
        ("a_agent was wrong; the right one is b_agent.", "b_agent"),
        ("Wrong: a_agent did badly with this query.", None),
        ("b_agent or c_agent would do.", None),
        ("Wrong: agent is v1.2, not a_agent. More.", "v1.2"),
    ],
)
def test_feedback_says_which_label_is_right(feedback: str, label: str | None) -> None:
    row = (
        '[{"Inputs": {"query": "q", "candidates": ["a_agent", "b_agent", "c_agent"]}, "Generated Outputs": '
        f'{{"reasoning": "r", "agent": "a_agent", "confidence": 0.5}}, "Feedback": "{feedback}"}}]'
    )
    (found,) = from_feedback(row)
    assert found.outputs.get("agent") == label
    assert set(found.outputs) <= {"agent"}


def test_feedback_that_corrects_one_output_leaves_the_others_right() -> None:
    row = (
        '[{"Inputs": {"query": "q"}, "Generated Outputs": {"intent": "x", "level": "simple"},'
        ' "Feedback": "Wrong: intent is y, not x."}]'
    )
    assert from_feedback(row)[0].outputs == {"intent": "y", "level": "simple"}


def test_examples_are_read_as_miprov2_shows_them() -> None:
    text = (
        "[Example({'query': 'tea', 'agent': 'a', 'confidence': 0.9, 'avoided': None}) (input_keys={'query'}),"
    )
    assert from_reprs(text + " Example({broken}) (input_keys={'query'})]") == [
        Example({"query": "tea"}, {"agent": "a"})
    ]
    lines = "Query: a: b\nReasoning: because\nBest Agent: x\n\nNo task demos provided."
    assert from_lines(lines, ["query"], ["reasoning", "best_agent"]) == [
        Example({"query": "a: b"}, {"best_agent": "x"})
    ]
