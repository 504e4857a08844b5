"""The benchmark `learning` from its command to its rows, on a set that is small and easy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.learning.batch_mode import BatchRun, Loop
from benchmarks.learning.continued import ContinuedValue
from benchmarks.learning.gated import GatedLoop
from benchmarks.learning.per_event import Run, run_events
from benchmarks.learning.rows import BatchResult, EventResult, batch_row, event_rows
from benchmarks.learning.streams import Stream
from benchmarks.learning.tasks import BatchWay, Source, StreamFacts
from benchmarks.learning.vowpal import VowpalWabbit
from models.configuration import TrainingConfiguration
from models.value.learner import ValueLearner

WORDS = {"bank": "money account loan pay", "travel": "flight hotel visa trip", "food": "soup bread fruit tea"}


def easy_set(path: Path, count: int, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(WORDS), count)
    rows = [f"{' '.join(rng.choice(WORDS[label].split(), 3))},{label}" for label in labels]
    path.write_text("\n".join(["text,label", *rows]))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("set")
    return easy_set(folder / "easy.csv", 400, 1), easy_set(folder / "tests.csv", 100, 2)


@pytest.fixture(scope="module")
def stream(files: tuple[Path, Path]) -> Stream:
    return Source("easy", *files).stream(1, quick=False)


def test_the_command_prints_rows_with_both_peers(files: tuple[Path, Path]) -> None:
    train, test = map(str, files)
    arguments = ["run", "learning", "--quick", "--json", "--train", train, "--test", test, "--cards", "labels"]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    rows = {row["measure"]: row for row in map(json.loads, ran.stdout.splitlines())}
    assert set(rows) == {"progressive_reward", "greedy_reward", "us_per_event"}
    for row in rows.values():
        assert set(row["peers"]) == {"vw squarecb", "vw synthcover"}
        assert (row["id"], row["seeds"]) == ("learning", 1)
        expected = {"data_set": "easy", "agents": 3, "cards": "labels", "learner": "value", "optimum": 1.0}
        assert expected.items() <= row["detail"].items()
        assert row["detail"]["spread"] == 0.0
    assert rows["progressive_reward"]["value"] > 0.8
    assert rows["greedy_reward"]["value"] > 0.95
    assert rows["greedy_reward"]["peers"]["vw squarecb"] > 0.9
    assert rows["us_per_event"]["value"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "learning", "--train", "{train}"], "--train and --test belong together"),
        (["run", "learning", "--cards", "labels"], "and --cards to them"),
        (["run", "throughput", "--train", "{train}", "--test", "{train}"], "throughput has its own data"),
        (["run", "learning", "--train", "{train}", "--test", "{bad}"], "bad.csv line 1: 1 fields"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(tmp_path: Path, arguments: list[str], said: str) -> None:
    train = easy_set(tmp_path / "easy.csv", 5, 1)
    (tmp_path / "bad.csv").write_text("no columns\n")
    names = {"train": train, "bad": tmp_path / "bad.csv"}
    ran = CliRunner().invoke(main, [argument.format(**names) for argument in arguments])
    assert ran.exit_code != 0
    assert said in ran.stderr
    assert ran.stdout == ""


def test_vw_learns_and_repeats_itself(stream: Stream) -> None:
    first, again = (run_events(stream, VowpalWabbit(stream, 1, "--squarecb")) for _ in range(2))
    assert (first.progressive, first.greedy) == (again.progressive, again.greedy)
    assert first.progressive > 0.6


@pytest.mark.parametrize("loop", [Loop, GatedLoop])
def test_batch_mode_learns_and_repeats_itself(stream: Stream, loop: type[Loop]) -> None:
    first, again = (loop(stream, 1, TrainingConfiguration()).run() for _ in range(2))
    assert first == again
    assert first.progressive > 0.5
    assert first.promotions > 0


def test_a_log_that_grows_is_learned_as_if_it_was_read_anew(stream: Stream) -> None:
    loop = Loop(stream, 1, TrainingConfiguration())
    continued = ContinuedValue()
    for count in (100, 300):
        while len(loop.router.log) < count:
            loop.router.decide_next()
        known = [
            learner.fit(loop.router.log, None, TrainingConfiguration())
            for learner in (continued, ValueLearner())
        ]
        assert known[0].samples == known[1].samples == count
        for name, tensor in known[1].tensors.items():
            assert np.array_equal(known[0].tensors[name], tensor), name


def test_a_row_has_the_peers_best_setting_and_the_spread() -> None:
    def runs(*progressive: float) -> list[Run]:
        return [Run(progressive=value, greedy=0.5, us_per_event=100 * value) for value in progressive]

    facts = StreamFacts("texts", 10, 100, 1.0, with_cards=True)
    peers = {"vw": [runs(0.3, 0.5), runs(0.5, 0.7)]}
    events = EventResult(Source("clinc"), facts, runs(0.8, 0.9), peers)
    progressive, greedy, us = event_rows(events)
    assert (progressive.value, progressive.peers) == (pytest.approx(0.85), {"vw": pytest.approx(0.6)})
    assert (progressive.detail["spread"], progressive.detail["peer_spread"]) == (0.05, {"vw": 0.1})
    assert (progressive.detail["peer_settings"], progressive.detail["peer_seeds"]) == ({"vw": 2}, {"vw": 2})
    assert (greedy.value, us.peers["vw"], us.better) == (0.5, pytest.approx(40), "lower")
    batch = [BatchRun(progressive=value, greedy=0.9, promotions=4, trials=7) for value in (0.7, 0.8)]
    row = batch_row(events, BatchResult(BatchWay("grpo", gate=True), batch))
    assert (row.value, row.detail["gate"], row.detail["trials"]) == (pytest.approx(0.75), "screen and trial", 7)
    assert row.peers == {"value per event": pytest.approx(0.85), "vw": pytest.approx(0.6)}
