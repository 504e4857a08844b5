"""What a person sees of a request: the query, the choice, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from processors.annotation.queue import Waiting
from signalbox.events import AnnotationRequest, epoch_s
from streams.annotating.wording import due_text, is_overdue, label_text, outcome_text, plain
from streams.cli.status import duration

QUERY_SHOWN = 1000
STYLES = {"high": "bold red", "medium": "yellow", "low": "green"}
KEYS = (
    ("c", "correct"),
    ("w", "wrong"),
    ("a", "ambiguous"),
    ("i", "insufficient info"),
    ("p", "approve"),
    ("s", "skip"),
    ("r", "reason"),
    ("u", "undo"),
    ("?", "help"),
    ("q", "quit"),
)
HELP = """\
 c  correct: the chosen agent was right for this query
 w  wrong: another agent was right; then its number, or Enter if you can't say which
 a  ambiguous: several agents are equally right
 i  insufficient info: what is shown doesn't tell
 p  approve a label shown above, so that it counts as checked by you
 s  skip: it stays open, for you the next time and for others now
 r  give a reason in a line of text; it goes with the label that you press next
 u  undo the last label or skip, and show its request again
 q  quit; every label that was said to be published is
 Judge the choice by the query, not by how it ended: a right agent may fail."""


def request_screen(waiting: Waiting, now_s: float, open_count: int) -> RenderableType:
    """One request, and the keys that answer it; `open_count` requests are open, this one included."""
    request = waiting.request
    return Group(
        Rule(style="dim"),
        Text.assemble(
            (f" {request.priority}", STYLES[request.priority]),
            "  ",
            (due_text(request, now_s), "bold red" if is_overdue(request, now_s) else ""),
            (f"  {request.tenant_id}  {open_count:,} open", "dim"),
        ),
        Text(f" asked because: {plain(request.reason)}", style="dim"),
        Text(),
        Text(_query(request.query), style="bold"),
        Text(),
        *_candidates(request),
        Text(),
        Text.assemble((" outcome   ", "dim"), outcome_text(request)),
        Text.assemble((" decided   ", "dim"), _decided(request, now_s)),
        *(
            Text.assemble((" labelled  " if place == 0 else "           ", "dim"), label_text(label))
            for place, label in enumerate(waiting.labels)
        ),
        Text(),
        _keys(waiting),
    )


def _query(query: str) -> str:
    lines = [f" {plain(line)}" for line in query[:QUERY_SHOWN].splitlines()] or [" (an empty query)"]
    if len(query) > QUERY_SHOWN:
        lines.append(f" ... {len(query) - QUERY_SHOWN:,} more characters; --json has them all")
    return "\n".join(lines)


def _candidates(request: AnnotationRequest) -> Iterator[Text]:
    width = max(map(len, request.candidate_agents), default=0)
    sure = "" if request.confidence is None else f", confidence {request.confidence:.2f}"
    for number, agent in enumerate(request.candidate_agents, 1):
        chosen = agent == request.chosen_agent
        yield Text.assemble(
            (f" {number:>3}  ", "dim"),
            (plain(agent).ljust(width), "bold cyan" if chosen else ""),
            (f"  <- chosen{sure}" if chosen else "", "cyan"),
        )
    if request.chosen_agent not in request.candidate_agents:
        yield Text(f"      {plain(request.chosen_agent)}  <- chosen{sure}, no candidate", style="cyan")


def _decided(request: AnnotationRequest, now_s: float) -> str:
    when = "" if request.decided_at is None else f"{duration(now_s - epoch_s(request.decided_at))} ago, "
    return f"{when}decision {plain(request.decision_id)}"


def _keys(waiting: Waiting) -> Text:
    has_label = any(each.kind != "human" for each in waiting.labels)
    shown = [(key, meaning) for key, meaning in KEYS if key != "p" or has_label]
    return Text.assemble(
        " ", *(part for key, meaning in shown for part in ((key, "bold"), (f" {meaning}  ", "dim")))
    )
