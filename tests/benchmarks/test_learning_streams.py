"""The streams of the benchmark `learning` are seeded, and what they pay is what they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.learning import catalogue
from benchmarks.learning.catalogue import STREAMS, build_stream
from benchmarks.learning.corpus import CLINC150, Corpus, clinc150, generated
from benchmarks.learning.streams import Stream

AGENTS = {name: 10 if name.endswith("10") else 150 for name in STREAMS}


@pytest.fixture(autouse=True)
def _generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds of the streams holds of them on any queries."""
    monkeypatch.setattr(catalogue, "corpus", generated)


@pytest.mark.parametrize("name", STREAMS)
def test_a_seed_gives_one_stream_and_another_seed_another_order(name: str) -> None:
    first, again, other = (build_stream(name, seed) for seed in (1, 1, 2))
    assert first.queries == again.queries
    assert np.array_equal(first.received, again.received)
    assert first.test_queries == again.test_queries
    assert sorted(first.queries) == sorted(other.queries)
    assert first.queries != other.queries


@pytest.mark.parametrize("name", STREAMS)
def test_rewards_are_in_range_and_average_to_what_is_expected(name: str) -> None:
    stream = build_stream(name, 1)
    assert stream.expected.shape == stream.received.shape == (15_000, AGENTS[name])
    assert stream.test_expected.shape == (4_500, AGENTS[name])
    for rewards in (stream.expected, stream.received, stream.test_expected):
        assert 0.0 <= rewards.min() <= rewards.max() <= 1.0
    assert np.abs(stream.received.mean(axis=0) - stream.expected.mean(axis=0)).max() < 0.02
    best = stream.expected.argmax(axis=1)
    paid = stream.received[np.arange(len(stream)), best]
    assert paid.mean(dtype=float) == pytest.approx(stream.optimum, abs=0.01)


@pytest.mark.parametrize(
    ("name", "optimum", "levels"),
    [
        ("clinc10", 1.0, {0.0, 1.0}),
        ("clinc150-cards", 1.0, {0.0, 1.0}),
        ("partial150", 1.0, {0.0, 0.2, 1.0}),
        ("neighbours10", 0.9, {0.0, 0.3, 0.7, 1.0}),
        ("rare-failures10", 0.95, {0.0, 1.0}),
    ],
)
def test_what_can_be_received(name: str, optimum: float, levels: set[float]) -> None:
    stream = build_stream(name, 3)
    assert stream.optimum == pytest.approx(optimum)
    assert {round(float(level), 6) for level in np.unique(stream.received)} == levels


def test_costs_are_clipped_and_their_means_exact() -> None:
    stream = build_stream("costs10", 3)
    assert 0.92 < stream.optimum < 0.94
    assert len(np.unique(stream.expected)) == 20
    for mean in np.unique(stream.expected):
        received = stream.received[stream.expected == mean]
        assert received.mean(dtype=float) == pytest.approx(
            mean, abs=4 * float(received.std()) / len(received) ** 0.5
        )


def test_a_neighbour_and_a_flip_are_counted_in_what_is_expected() -> None:
    stream = build_stream("neighbours10", 3)
    assert {round(float(level), 4) for level in np.unique(stream.expected)} == {0.1, 0.34, 0.9}
    for row in stream.expected[:50]:
        assert (row.argmax() + 1) % 10 == int(np.flatnonzero(np.isclose(row, 0.34))[0])


def test_only_cards_say_anything_of_an_agent() -> None:
    stream = build_stream("partial150-cards", 1)
    assert stream.agents[:2] == ("agent-000", "agent-001")
    assert stream.cards is not None
    assert len(set(stream.cards)) == 150
    assert build_stream("partial150", 1).cards is None


def test_a_shortened_stream_is_the_beginning() -> None:
    stream = build_stream("rare-failures10", 1)
    short: Stream = stream.shortened(20, 5)
    assert short.queries == stream.queries[:20]
    assert (short.received.shape, short.test_expected.shape) == ((20, 10), (5, 10))


def _shape(corpus: Corpus) -> tuple[int, ...]:
    return len(corpus.train.texts), len(corpus.test.texts), len(corpus.intents), corpus.domains


def test_the_generated_queries_have_the_shape_of_the_real_ones() -> None:
    assert _shape(generated()) == (15_000, 4_500, 150, 10)
    if not (CLINC150 / "data_full.json").exists():
        pytest.skip("CLINC150 is not here")
    real = clinc150(CLINC150)
    assert _shape(real) == _shape(generated())
    assert np.bincount(real.domain_of).tolist() == [15] * 10
    place = real.train.texts.index("what is my balance")
    assert real.intents[real.train.intents[place]] == "balance"
