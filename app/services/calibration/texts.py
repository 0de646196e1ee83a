"""The texts that embedders are calibrated with, and what is asked about each."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from app.rag.language import Language

_RULES = 1  # raise it where texts are compared, or numbers chosen, in another way
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Text:
    """One chunk of a document of its own. It answers `questions`; it is about `near` but does not
    answer it."""

    title: str
    text: str
    questions: tuple[str, ...]
    near: str


def texts(language: Language) -> tuple[Text, ...]:
    """All texts of the language, each on another subject."""
    found = tomllib.loads(_file(language).read_text("utf-8"))["text"]
    return tuple(
        Text(each["title"], each["text"], tuple(each["questions"]), each["near"]) for each in found
    )


def procedure_version() -> str:
    """Changes with any text, question or rule, so that older calibrations are told."""
    hashed = hashlib.sha256(str(_RULES).encode())
    for language in get_args(Language):
        hashed.update(_file(language).read_bytes())
    return hashed.hexdigest()[:12]


def _file(language: Language) -> Path:
    return _FOLDER / f"texts_{language}.toml"
