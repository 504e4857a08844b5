"""What a person sees, to the letter."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console, RenderableType

from processors.annotation.queue import Waiting
from signalbox.events import Signals
from streams.annotating.queue_text import as_object, headline, table
from streams.annotating.screen import request_screen
from streams.annotating.wording import outcome_text, plain
from tests.streams.annotating.support import NOW, model_label, request

NOW_S = NOW.timestamp()
SCREEN = """\
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 high  due in 4.0 hours  acme  23 open
 asked because: very unsure, confidence 0.21

 Summarise the lecture

   1  video_search  <- chosen, confidence 0.21
   2  summarizer
   3  report

 outcome   the agent failed, error Timeout, quality 0.20, reward 0.12
 decided   10.0 minutes ago, decision d-1
 labelled  offline-rules (llm): wrong_routing (0.80 sure), rather summarizer: "It asks for a summary."

 c correct  w wrong  a ambiguous  i insufficient info  p approve  s skip  r reason  u undo  ? help  q quit
"""


def shown(what: RenderableType, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return "".join(line.rstrip() + "\n" for line in console.file.getvalue().splitlines())


def waiting(*labels: object, **fields: object) -> Waiting:
    return Waiting(request(**fields), labels, "pending")  # type: ignore[arg-type]


def test_a_request_shows_query_choice_candidates_and_what_came_of_it() -> None:
    assert shown(request_screen(waiting(model_label()), NOW_S, 23)) == SCREEN


def test_what_is_overdue_unknown_or_odd_is_said() -> None:
    odd = waiting(
        due_h=-0.5, query="", confidence=None, reward=None, outcome=None, decided_at=None, chosen_agent="gone"
    )
    text = shown(request_screen(odd, NOW_S, 1))
    for part in (
        "OVERDUE by 30.0 minutes",
        "(an empty query)",
        "gone  <- chosen, no candidate",
        "outcome   nothing is known",
        "decided   decision d-1",
    ):
        assert part in text
    assert "approve" not in text


def test_a_long_query_is_cut_and_what_is_missing_is_counted() -> None:
    text = shown(request_screen(waiting(query="word " * 400), NOW_S, 1))
    assert text.count("word") == 200
    assert "1,000 more characters; --json" in text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Signals(agent_success=True, result_count=0), "the agent succeeded, results 0, reward 0.12"),
        (
            Signals(user_satisfaction=0.0, processing_time_s=3.25),
            "satisfaction 0.00, seconds 3.25, reward 0.12",
        ),
    ],
)
def test_outcomes_say_what_was_measured_and_no_more(outcome: Signals, text: str) -> None:
    assert outcome_text(replace(request(), outcome=outcome)) == text


@given(st.text())
def test_text_from_elsewhere_cannot_steer_the_terminal(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) == len(text)


def test_the_list_counts_by_priority_and_says_what_is_overdue() -> None:
    found = [waiting(decision_id="d-2", due_h=-0.5), waiting(model_label(), priority="low", due_h=70)]
    assert headline(found, NOW_S) == "2 open: 1 high (1 overdue), 0 medium, 1 low"
    lines = shown(table(found, NOW_S, limit=1)).splitlines()
    assert lines[0].split() == [
        *("priority", "deadline", "tenant", "decision", "query", "chosen", "confidence", "reward", "labels")
    ]
    assert " ".join(lines[1].split()) == (
        "high OVERDUE by 30.0 minutes acme d-2 Summarise the lecture video_search 0.21 0.12 0"
    )
    assert len(lines) == 2


def test_machines_get_all_of_a_request_with_its_labels() -> None:
    found = as_object([waiting(model_label(), due_h=-1, query="q" * 5000)], NOW_S)
    (only,) = found.pop("requests")
    assert found == {
        "open": 1,
        "overdue": 1,
        "by_priority": {
            "high": {"open": 1, "overdue": 1},
            "medium": {"open": 0, "overdue": 0},
            "low": {"open": 0, "overdue": 0},
        },
    }
    assert (len(only["query"]), only["overdue"], only["labels"][0]["annotator"]) == (
        5000,
        True,
        "offline-rules",
    )
