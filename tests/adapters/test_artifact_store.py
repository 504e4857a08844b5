from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.artifact_store import ArtifactStore
from signalbox.errors import ArtifactError, ConfigurationError, Retry
from signalbox.policy import digest_of

DATA = b"the bytes of a policy"


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "artifacts"))


def files_of(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_got_back_under_its_digest(store: ArtifactStore) -> None:
    digest = store.put("acme", DATA)
    assert digest == digest_of(DATA)
    assert store.get("acme", digest) == DATA
    assert store.size("acme", digest) == len(DATA)


def test_the_tenant_is_part_of_the_path(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put("acme", DATA)
    assert files_of(tmp_path) == [Path("artifacts") / "acme" / f"{digest}.safetensors"]
    assert store.get("globex", digest) is None
    assert store.size("globex", digest) is None


def test_putting_again_changes_nothing_and_leaves_no_parts(store: ArtifactStore, tmp_path: Path) -> None:
    assert store.put("acme", DATA) == store.put("acme", DATA)
    assert len(files_of(tmp_path)) == 1


def test_changed_bytes_are_refused_and_mended_by_putting_again(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.put("acme", DATA)
    path = tmp_path / "artifacts" / "acme" / f"{digest}.safetensors"
    path.write_bytes(DATA[:-1])
    with pytest.raises(ArtifactError, match=r"of acme: the archived bytes were changed"):
        store.get("acme", digest)
    store.put("acme", DATA)
    assert store.get("acme", digest) == DATA


def test_a_crash_while_writing_leaves_nothing_under_the_digest(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(store._files, "mv", crash)
    with pytest.raises(Retry, match=r"can't be archived: no space left"):
        store.put("acme", DATA)
    assert store.get("acme", digest_of(DATA)) is None


@pytest.mark.parametrize("tenant", ["../acme", "Acme", "", "a/b", "acme#0", "a" * 64])
def test_no_name_leads_out_of_the_tenants_folder(store: ArtifactStore, tenant: str) -> None:
    with pytest.raises(ArtifactError, match=r"tenant_id .* can't be part of a path"):
        store.put(tenant, DATA)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "abc", "A" * 64])
def test_only_digests_are_looked_up(store: ArtifactStore, digest: str) -> None:
    with pytest.raises(ArtifactError, match=r"digest .* can't be part of a path"):
        store.get("acme", digest)


def test_a_url_that_nothing_can_open_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"store_url 'gopher://x' can't be used"):
        ArtifactStore("gopher://x")


@given(st.binary(max_size=200))
def test_any_fsspec_url_will_do(data: bytes) -> None:
    store = ArtifactStore("memory://archive")
    assert store.get("acme", store.put("acme", data)) == data
