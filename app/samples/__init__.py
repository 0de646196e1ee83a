"""The sample knowledge base: papers of a firm that does not exist, in Chinese and English."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """`phrase` stands in each of `documents`, and should in the answer, give or take spaces."""

    language: Literal["zh", "en"]
    question: str
    documents: tuple[str, ...]
    phrase: str


def sample_questions() -> list[SampleQuestion]:
    """Questions that the files answer, to be shown where nothing has been asked yet."""
    items = json.loads((files(__name__) / "questions.json").read_text(encoding="utf-8"))
    return [SampleQuestion(**{**item, "documents": tuple(item["documents"])}) for item in items]
