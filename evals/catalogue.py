"""The evals by name, read from `catalogue.toml`: each is a set, settings, scorers and bounds."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.config import Settings
from evals.errors import BadCatalogue, UnknownEval

CATALOGUE = Path(__file__).with_name("catalogue.toml")

Kind = Literal["retrieval", "answers", "injection"]
Language = Literal["zh", "en"]

SCORERS: dict[Kind, tuple[str, ...]] = {
    "retrieval": ("documents", "evidence"),
    "answers": ("overlap", "citations", "abstention"),
    "injection": ("overlap", "canary"),
}

_BOUND = re.compile(r"\s*(>=|<=)\s*(-?\d*\.?\d+)\s*")


class Bound(BaseModel):
    """`>= 0.95` or `<= 0.05`."""

    model_config = ConfigDict(frozen=True)

    least: bool
    value: float

    def holds(self, measured: float) -> bool:
        return measured >= self.value if self.least else measured <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.value:g}"


def _bound(given: object) -> object:
    if not isinstance(given, str):
        return given
    found = _BOUND.fullmatch(given)
    if found is None:
        raise ValueError(f"{given!r} is no bound; write it like '>= 0.95'")
    return Bound(least=found[1] == ">=", value=float(found[2]))


Bounds = Mapping[str, Annotated[Bound, BeforeValidator(_bound)]]


class Eval(BaseModel):
    """One entry. 0 means all of `questions` and `documents`, and none of `unanswerable`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    kind: Kind
    set: str  # a folder of the data
    own: bool = False  # or one that comes with Zhiwen, about the sample base
    language: Language
    questions: int = Field(0, ge=0)  # answerable ones, drawn at random
    unanswerable: int = Field(0, ge=0)
    naive: int = Field(0, ge=0)  # answers: so many of each sort are asked in the usual way too
    documents: int = Field(0, ge=0)  # the first ones of the corpus
    titles: int = Field(0, ge=0)  # documents of so many titles, drawn at random
    background: str = ""  # injection: the set whose documents stand beside the attacks
    seed: int = 0
    depth: int = Field(50, ge=10)  # chunks that each way of searching ranks
    scorers: tuple[str, ...] = ()
    settings: Mapping[str, Any] = Field(default_factory=dict)
    floors: Bounds = Field(default_factory=dict)  # below one, a run fails
    targets: Bounds = Field(default_factory=dict)
    smoke: bool = False  # run by `make eval-smoke` alone

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        unknown = set(self.settings) - set(Settings.model_fields)
        if unknown:
            raise ValueError(f"no such settings: {', '.join(sorted(unknown))}")
        odd = set(self.scorers) - set(SCORERS[self.kind])
        if odd:
            raise ValueError(f"no such scorers of {self.kind}: {', '.join(sorted(odd))}")
        return self

    @property
    def scored_by(self) -> tuple[str, ...]:
        """The scorers named, or all of its kind."""
        return self.scorers or SCORERS[self.kind]


def load(path: Path = CATALOGUE) -> dict[str, Eval]:
    """All evals in the order of the file. Raises BadCatalogue."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: Eval.model_validate(entry) for name, entry in entries.items()}
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadCatalogue(f"{path.name}: {error}") from error


def find(name: str, path: Path = CATALOGUE) -> Eval:
    """Raises UnknownEval, BadCatalogue."""
    evals = load(path)
    if name not in evals:
        raise UnknownEval(f"There is no eval {name!r}. There are: {', '.join(evals)}.")
    return evals[name]
