"""Reads the evals in `catalogue.toml`: question set, settings, scorers and bounds."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.config import Settings
from evals.errors import BadCatalogue, UnknownEval

CATALOGUE = Path(__file__).with_name("catalogue.toml")

Kind = Literal["retrieval", "answers", "injection", "gate", "support"]
Language = Literal["zh", "en"]

SCORERS: dict[Kind, tuple[str, ...]] = {
    "retrieval": ("documents", "evidence"),
    "answers": ("overlap", "citations", "abstention"),
    "injection": ("overlap", "canary"),
    "gate": ("abstention",),
    "support": ("support",),
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
        raise ValueError(f"{given!r} is not a bound; write it like '>= 0.95'")
    return Bound(least=found[1] == ">=", value=float(found[2]))


Bounds = Mapping[str, Annotated[Bound, BeforeValidator(_bound)]]


class Eval(BaseModel):
    """One entry. 0 means all `questions` or `documents`, and no `unanswerable` and `near` ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str
    kind: Kind
    set: str  # a folder in the data
    own: bool = False  # or a built-in set about the sample base
    language: Language
    questions: int = Field(0, ge=0)  # answerable ones, sampled at random
    unanswerable: int = Field(0, ge=0)  # on foreign topics
    near: int = Field(0, ge=0)  # near misses: about a document that does not say it
    naive: int = Field(0, ge=0)  # answers: number per sort also asked with the naive baseline
    documents: int = Field(0, ge=0)  # the first documents of the corpus
    titles: int = Field(0, ge=0)  # documents of this many titles, sampled at random
    background: str = ""  # injection: harmless documents; gate: a foreign base beside
    foreign: str = ""  # gate: the set whose questions are the foreign ones
    per_base: int = Field(0, ge=0)  # gate: documents in each base; 0: one base holds all
    seed: int = 0
    depth: int = Field(50, ge=10)  # chunks ranked by each search method
    scorers: tuple[str, ...] = ()
    settings: Mapping[str, Any] = Field(default_factory=dict)
    floors: Bounds = Field(default_factory=dict)  # a run fails below one of these
    targets: Bounds = Field(default_factory=dict)
    smoke: bool = False  # only run by `make eval-smoke`

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
        """The scorers of this eval, by default all of its kind."""
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
