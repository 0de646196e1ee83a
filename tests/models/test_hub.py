"""The hub's path, against a small server that speaks its protocol."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.checksums import read_lock
from app.models.errors import ChecksumMismatch, SourceUnavailable
from app.models.hub import HubClient
from app.models.store import ModelStore
from tests.models.hub_server import COMMIT, HubServer
from tests.models.parts import HUB_NAME, HUB_REPO, MODEL_BYTES, tiny_registry
from tests.serving import serving

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "1_Pooling/config.json": b'{"pooling_mode_cls_token": true}',
    "model.bin": MODEL_BYTES,
    "onnx/config.json": b"{}",
    "README.md": b"# tiny",
}


@pytest.fixture
def hub() -> HubServer:
    return HubServer(dict(FILES), large=frozenset({"model.bin"}))


@pytest.fixture
def store(hub: HubServer, tmp_path: Path) -> Iterator[ModelStore]:
    with serving(hub.app()) as url:
        registry = tiny_registry(tmp_path / "no-wheels")
        yield ModelStore(tmp_path / "models", registry, hub=HubClient(endpoint=url))


def test_the_wanted_files_arrive_and_are_pinned(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "app.models"):
        folder = store.pull(HUB_NAME)
    lock = read_lock(folder)
    assert lock is not None
    assert set(lock.files) == {"config.json", "1_Pooling/config.json", "model.bin"}
    assert (lock.source, lock.revision) == ("hub", COMMIT)
    assert f"taken from hub {COMMIT}" in caplog.text
    assert (store.path(HUB_NAME) / "model.bin").read_bytes() == MODEL_BYTES


def test_what_was_first_seen_must_stay(store: ModelStore) -> None:
    config = store.pull(HUB_NAME) / "config.json"
    config.write_text('{"model_type": "other"}')
    with pytest.raises(ChecksumMismatch):
        store.path(HUB_NAME)


@pytest.mark.parametrize("path", ["model.bin", "config.json"])
def test_a_file_that_is_not_what_the_hub_says_is_refused_and_fetched_again(
    hub: HubServer, store: ModelStore, path: str
) -> None:
    hub.served[path] = FILES[path][::-1]
    with pytest.raises(ChecksumMismatch, match=path):
        store.pull(HUB_NAME)
    del hub.served[path]
    store.pull(HUB_NAME)
    assert (store.path(HUB_NAME) / path).read_bytes() == FILES[path]
    assert max(hub.asked.count(other) for other in FILES if other != path) == 1


def test_a_model_answers_to_the_hubs_name_too(store: ModelStore) -> None:
    assert store.pull(HUB_REPO) == store.path(HUB_NAME)


def test_a_reachable_hub_is_the_default_source(store: ModelStore) -> None:
    assert store.default_embedder() == HUB_NAME


def test_a_hub_that_is_away_or_lacks_the_repository_is_no_source(tmp_path: Path) -> None:
    registry = tiny_registry(tmp_path / "no-wheels")
    away = HubClient(endpoint="http://127.0.0.1:9", timeout_s=1)
    with pytest.raises(SourceUnavailable, match="owner/tiny"):
        ModelStore(tmp_path / "m", registry, hub=away).pull(HUB_NAME)
    hub = registry[HUB_NAME].hub
    assert hub is not None
    with serving(HubServer({}).app()) as url:
        assert not HubClient(endpoint=url).reachable(hub)
        elsewhere = hub.model_copy(update={"repo": "owner/other"})
        assert not HubClient(endpoint=url).reachable(elsewhere)


def test_offline_asks_no_hub(hub: HubServer, store: ModelStore) -> None:
    offline = ModelStore(store.models_dir, store.registry, offline=True)
    with pytest.raises(SourceUnavailable, match="offline"):
        offline.pull(HUB_NAME)
    assert hub.asked == []
