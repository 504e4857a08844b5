"""What is learned outlives the process: restarts, crashes, checkpoints, tenants and writers."""

from pathlib import Path
from typing import Any

import pytest

from signalbox.errors import ConfigurationError
from streams.optimizers import AdvancedRoutingOptimizer
from streams.optimizers.framing import framed
from streams.optimizers.local_file import LocalFile
from tests.streams.optimizers.worlds import KINDS, Clock, live, optimizer


async def answers(subject: AdvancedRoutingOptimizer) -> list[Any]:
    return [await subject.get_routing_recommendations(kind.format("whales")) for kind in KINDS]


async def learned(folder: Any, clock: Clock, count: int = 420) -> tuple[list[Any], Any]:
    """What an optimizer that has learned says, and its status."""
    with optimizer(folder, clock) as subject:
        await live(subject, clock, count)
        return await answers(subject), subject.get_optimization_status()


async def test_a_restart_serves_the_learned_policy_and_goes_on(tmp_path: Path) -> None:
    clock = Clock()
    said, status = await learned(tmp_path, clock)
    assert status["optimizer_ready"]
    with optimizer(tmp_path, clock) as subject:
        assert await answers(subject) == said
        assert subject.get_optimization_status() == status
        right = await live(subject, clock, 60, seed=2)
        assert sum(right) > 40
        result = await subject.run_optimization_step()
        assert result.verdict in ("rejected", "on_trial", "promoted")
        assert subject.get_optimization_status()["total_experiences"] == 480


async def test_a_crash_in_the_middle_of_a_write_loses_nothing_but_that_event(tmp_path: Path) -> None:
    clock = Clock()
    with optimizer(tmp_path, clock) as subject:
        await live(subject, clock, 30, step_every=1000)
    file = tmp_path / "acme" / "state"
    whole = file.read_bytes()
    for cut in (1, 7, 300):
        file.write_bytes(whole[:-cut])
        with optimizer(tmp_path, clock) as subject:
            total = subject.get_optimization_status()["total_experiences"]
            assert 28 <= total <= 29
            await live(subject, clock, 5, seed=3, step_every=1000)
            assert subject.get_optimization_status()["total_experiences"] == total + 5


@pytest.mark.parametrize("content", [b"\x00\x00\x00\x03abc", b"x" * 5000, b"x", framed(b"abc")])
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "acme" / "state"
    file.parent.mkdir()
    file.write_bytes(content)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="acme/state is damaged or not an optimizer's"):
            optimizer(tmp_path)
    assert file.read_bytes() == content


async def test_damage_is_refused_and_not_taken_for_a_crash(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "acme" / "state"
    with optimizer(tmp_path, clock) as subject:
        compact = file.read_bytes()
        await live(subject, clock, 3)
    whole = file.read_bytes()
    # Within the first entry, in a later one's length, in its content, and the first one cut off.
    flipped = [bytes([*whole[:at], whole[at] ^ 0x40, *whole[at + 1 :]]) for at in (20, len(compact), -5)]
    for content in (*flipped, compact[:-7]):
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match="damaged"):
            optimizer(tmp_path, clock)
        assert file.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigurationError, match=r"storage_dir: .*taken/acme/state can't be written"):
        optimizer(tmp_path / "taken")


async def test_tenants_share_a_folder_and_nothing_else(tmp_path: Path) -> None:
    clock = Clock()
    said, _ = await learned(tmp_path, clock)
    with optimizer(tmp_path, clock, tenant_id="globex") as other, optimizer(tmp_path, clock) as subject:
        assert other.get_optimization_status()["total_experiences"] == 0
        assert not other.get_optimization_status()["optimizer_ready"]
        assert await answers(subject) == said


def test_two_writers_of_one_file_are_one_too_many(tmp_path: Path) -> None:
    with optimizer(tmp_path), pytest.raises(ConfigurationError, match="in use by another optimizer"):
        optimizer(tmp_path)
    optimizer(tmp_path).close()


async def test_bytes_written_grow_with_the_events_and_not_with_their_square(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    append = LocalFile.append

    def counted(self: LocalFile, entry: Any) -> bool:
        before = self._file.tell()
        full = append(self, entry)
        written.append(self._file.tell() - before)
        return full

    monkeypatch.setattr(LocalFile, "append", counted)
    clock = Clock()
    with optimizer(tmp_path, clock, min_experiences_for_training=100_000) as subject:
        await live(subject, clock, 600, step_every=10_000)
    first, last = sum(written[:300]) / 300, sum(written[-300:]) / 300
    assert last < 1.5 * first


async def test_the_file_is_written_anew_when_it_has_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.optimizers.local_file.LEAST_BYTES", 200_000)
    clock = Clock()
    fields = {"min_experiences_for_training": 100_000, "experience_replay_size": 20}
    with optimizer(tmp_path, clock, **fields) as subject:
        sizes = []
        for seed in range(12):
            clock.tick(8 * 3600)
            await live(subject, clock, 60, seed=seed, step_every=10_000)
            sizes.append((tmp_path / "acme" / "state").stat().st_size)
        before = subject.get_optimization_status()
    assert max(sizes) < 1_000_000
    assert sizes != sorted(sizes)
    with optimizer(tmp_path, clock, **fields) as subject:
        assert subject.get_optimization_status() == before


async def test_a_checkpoint_brings_back_what_was_known(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "checkpoints" / "optimizer.json"
    with optimizer(clock=clock) as subject:
        await live(subject, clock, 420)
        said, status = await answers(subject), subject.get_optimization_status()
        assert subject.save_checkpoint(filepath=file) == file
    with optimizer(tmp_path / "new", clock) as subject:
        subject.load_checkpoint(filepath=file)
        assert await answers(subject) == said
        assert subject.get_optimization_status() == status
        result = await subject.run_optimization_step()
        assert result.verdict != "failed", result.message
    with optimizer(tmp_path / "new", clock) as subject:
        assert await answers(subject) == said


@pytest.mark.parametrize(
    ("tenant", "words"), [("globex", "acme/routing's, not globex's"), ("acme", "can't be read")]
)
async def test_a_checkpoint_that_does_not_fit_changes_nothing(tmp_path: Path, tenant: str, words: str) -> None:
    clock, file = Clock(), tmp_path / "checkpoint.json"
    with optimizer(clock=clock) as subject:
        await live(subject, clock, 10)
        subject.save_checkpoint(file)
    (tmp_path / "checkpoint.json.data").unlink()
    with optimizer(clock=clock, tenant_id=tenant) as subject:
        await live(subject, clock, 3)
        with pytest.raises(ConfigurationError, match=words):
            subject.load_checkpoint(file)
        assert subject.get_optimization_status()["total_experiences"] == 3


def test_without_a_folder_a_checkpoint_needs_a_file() -> None:
    with optimizer() as subject, pytest.raises(ConfigurationError, match="filepath"):
        subject.save_checkpoint()


async def test_reset_forgets_on_disk_as_well(tmp_path: Path) -> None:
    clock = Clock()
    with optimizer(tmp_path, clock) as subject:
        await live(subject, clock, 420)
        subject.save_checkpoint()
        subject.reset()
        assert subject.get_optimization_status()["total_experiences"] == 0
        assert {one["source"] for one in await answers(subject)} == {"baseline"}
        await live(subject, clock, 3)
    with optimizer(tmp_path, clock) as subject:
        assert subject.get_optimization_status()["total_experiences"] == 3
        subject.load_checkpoint()
        assert subject.get_optimization_status()["optimizer_ready"]
