"""`signalbox train` without Kafka: what it prints, writes and returns."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signalbox.errors import ProgramError
from signalbox.program import PromptProgram
from streams.cli.train import command

OPENINGS = {"video_search": "show me videos of", "summarizer": "summarise the report on", "images": "draw a"}
THINGS = ("robots", "jazz", "whales", "chess", "rain", "bridges", "moon")


def rows(count: int = 80) -> list[dict[str, Any]]:
    chance = random.Random(1)
    found = []
    for number in range(count):
        agent = chance.choice(sorted(OPENINGS))
        query = f"{OPENINGS[agent]} {chance.choice(THINGS)} {number}"
        found.append({"query": query, "correct_agent": agent, "entities": [{"text": "jazz", "label": "topic"}]})
    return found


def run(
    folder: Path,
    content: list[dict[str, Any]],
    *arguments: str,
    program: str = "routing",
    catch: bool = True,
) -> Result:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in content))
    asked = ["--type", "routing", "--program", program, "--data", str(file), "--optimizer", "bootstrap"]
    return CliRunner().invoke(command, [*asked, *arguments], catch_exceptions=catch)


def test_a_program_is_trained_judged_and_written(tmp_path: Path) -> None:
    file = tmp_path / "program.json"
    done = run(tmp_path, rows(), "--held-out", "0.4", "--save", str(file), "--json")
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert (content["verdict"], content["optimizer"]) == ("promoted", "bootstrap")
    assert content["accuracy_after"] > content["accuracy_before"]
    assert content["improvement"]["lower"] > content["threshold"]
    assert (content["held_out_rows"], content["training_rows"]) == (32, 48)
    assert content["calls"] > 0
    program = PromptProgram.load(file.read_bytes())
    assert program.manifest is not None
    assert (program.manifest.scope, program.manifest.tenant_id) == ("program:routing", "local")
    again = tmp_path / "again.json"
    assert run(tmp_path, rows(), "--held-out", "0.4", "--save", str(again)).exit_code == 0
    assert again.read_bytes() == file.read_bytes()


def test_a_person_reads_a_table_and_too_few_rows_prove_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, rows(30))
    assert done.exit_code == 1
    for part in ("program    routing: 24 rows to learn from, 6 held out", "calls ", "seconds ", "insufficient"):
        assert part in done.stdout
    assert "at least 10 are needed" in done.stdout


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        ({"correct_agent": ""}, (), "row 2: 'correct_agent' is missing or empty"),
        ({}, ("--publish",), "--publish needs --tenant"),
        ({}, ("--held-out", "1"), "--held-out"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_trained(
    tmp_path: Path, change: dict[str, Any], arguments: tuple[str, ...], words: str
) -> None:
    first, second, *rest = rows(12)
    done = run(tmp_path, [first, second | change, *rest], *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize(
    ("count", "budget", "code", "words"),
    [(2, "5000", 1, "0 held-out rows"), (40, "5", 3, "the budget of 5 calls is spent")],
)
def test_hardly_any_rows_or_calls_end_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, budget: str, code: int, words: str
) -> None:
    monkeypatch.setenv("SIGNALBOX_LANGUAGE_MODEL_BUDGET_CALLS", budget)
    monkeypatch.setenv("SIGNALBOX_PROGRAM_HELD_OUT", "10")
    if code == 3:
        with pytest.raises(ProgramError, match=words):  # which the command line prints as one line
            run(tmp_path, rows(count), "--optimizer", "gepa", catch=False)
        return
    done = run(tmp_path, rows(count))
    assert (done.exit_code, words in done.stdout) == (code, True), done.output


def test_a_row_of_another_program_is_named_with_its_field(tmp_path: Path) -> None:
    done = run(tmp_path, [{"query": "what?", "context": ""}], program="query_analysis")
    assert done.exit_code == 2
    assert "row 1): the output 'primary_intent' is missing" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", "{}\n[1]\n", "line 2 is not an object"),
        ("a.jsonl", "{\n", "line 1 is not JSON"),
        ("a.csv", "query,correct_agent\nwhat,video,more\n", "row 1 has more fields"),
        ("a.csv", "query,correct_agent\n", "there are no rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    done = CliRunner().invoke(command, ["--type", "routing", "--program", "routing", "--data", str(file)])
    assert done.exit_code == 2
    assert words in done.stderr
