"""`signalbox train` without Kafka: what it prints, writes and returns."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signalbox.errors import ProgramError
from signalbox.program import PromptProgram
from streams.cli.train import command
from streams.settings import load_settings
from streams.trainer.program_file import FileRequest, train_file

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


def test_a_person_reads_a_table_and_that_a_saved_program_is_not_proven(tmp_path: Path) -> None:
    file = tmp_path / "program.json"
    content = [{"query": f"query {i}", "correct_agent": "ab"[i % 2], "agnet": 1} for i in range(50)]
    done = run(tmp_path, content, "--save", str(file))
    assert done.exit_code == 1
    for part in ("program    routing: 40 rows to learn from, 10 held out", "calls ", "seconds "):
        assert part in done.stdout
    assert f"saved      {file} (not proven)" in done.stdout
    assert done.stderr.splitlines()[0] == "signalbox: column 'agnet' is not used"


def test_what_cannot_be_saved_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.trainer.program_file.train_file", None)
    file = tmp_path / "missing" / "program.json"
    done = run(tmp_path, rows(), "--save", str(file))
    assert (done.exit_code, done.stderr) == (2, f"signalbox: --save {file}: No such file or directory\n")


def test_a_dead_language_model_is_named_with_its_place_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALBOX_LANGUAGE_MODEL", "openai/mine")
    monkeypatch.setenv("SIGNALBOX_LANGUAGE_MODEL_API_BASE", "http://me:secret@127.0.0.1:9/v1")
    monkeypatch.setenv("SIGNALBOX_LANGUAGE_MODEL_RETRIES", "0")
    with pytest.raises(ProgramError, match=r"openai/mine at http://127\.0\.0\.1:9/v1: \w+") as error:
        run(tmp_path, rows(), catch=False)
    assert "secret" not in str(error.value)


def test_a_stopped_training_makes_no_further_call(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, seen = threading.Event(), list[bool]()

    def train(*arguments: Any) -> None:
        asked.set()
        while not arguments[-1]():
            time.sleep(0.01)
        seen.append(True)

    async def stopped() -> None:
        request = FileRequest("routing", rows(), 0.2, 0)
        task = asyncio.create_task(train_file(load_settings(), request, lambda _: None))
        await asyncio.to_thread(asked.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    monkeypatch.setattr("streams.trainer.program_file._train", train)
    asyncio.run(stopped())  # waits for its threads
    assert seen == [True]


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        ({"correct_agent": ""}, (), "row 2: 'correct_agent' is missing or empty"),
        ({}, (), "12 rows at --held-out 0.2 hold out 2; the gate needs 10: give 50 rows\n"),
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


def test_a_budget_of_hardly_any_calls_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNALBOX_LANGUAGE_MODEL_BUDGET_CALLS", "5")
    with pytest.raises(ProgramError, match="the budget of 5 calls is spent"):  # printed as one line
        run(tmp_path, rows(50), "--optimizer", "gepa", catch=False)


def test_a_row_of_another_program_is_named_with_its_field(tmp_path: Path) -> None:
    done = run(tmp_path, [{"query": "what?", "context": ""}], program="query_analysis")
    assert done.exit_code == 2
    head, first, *_ = done.stderr.splitlines()
    assert head.endswith("rows.jsonl: query_analysis: 6 problems in 1 example")
    assert first.startswith("  row 1: the output 'primary_intent' is missing; ")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", "{}\n[1]\n", "line 2 is not an object"),
        ("a.jsonl", "{\n", "line 1 is not JSON"),
        ("a.csv", "query,correct_agent\nwhat,video,more\n", "row 1 has more fields"),
        ("a.csv", "query,correct_agent\n", "there are no rows"),
        ("a.csv", b"query\n\xe9t\xe9\n", "not a CSV file in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, name: str, text: str | bytes, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = CliRunner().invoke(command, ["--type", "routing", "--program", "routing", "--data", str(file)])
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.startswith("signalbox: ")  # and no usage before it
