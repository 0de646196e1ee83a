"""The sample knowledge base: papers of a firm that does not exist, in Chinese and English."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NAME = "青禾科技 · Qinghe Tech"
_FOLDER = Path(__file__).parent
_SUFFIXES = {".csv", ".html", ".md", ".txt"}


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """`phrase` stands in each of `documents`, and should in the answer, give or take spaces."""

    language: Literal["zh", "en"]
    question: str
    documents: tuple[str, ...]
    phrase: str


def sample_documents() -> list[Path]:
    """The files of the base, by name."""
    return sorted(path for path in _FOLDER.iterdir() if path.suffix in _SUFFIXES)


def sample_questions() -> list[SampleQuestion]:
    """Questions that the files answer, to be shown where nothing has been asked yet."""
    items = json.loads((_FOLDER / "questions.json").read_text(encoding="utf-8"))
    return [SampleQuestion(**{**item, "documents": tuple(item["documents"])}) for item in items]
