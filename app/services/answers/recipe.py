"""The recipe of an answer: settings and versions it was made with.

The same question with the same recipe gives the same answer, as far as the engine is deterministic.
So the recipe is kept with every answer, to make it again (`replay.py`), and its hash with the
question is the key under which it can be given again (`answer_cache.py`).
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.db.tables import KnowledgeBase
from app.rag.answer import Question
from app.rag.types import Task


@dataclass(frozen=True, slots=True)
class Recipes:
    """`fixed` is what settings and versions say; the rest differs by question."""

    fixed: Mapping[str, Any]
    max_answer_tokens: int
    prompt_id: Callable[[Task, str], str]

    def of(self, question: Question, model: str, bases: Sequence[KnowledgeBase]) -> dict[str, Any]:
        """As stored: plain JSON. `bases` in their present state."""
        content = {base.id: [base.generation, base.sequence] for base in bases}
        return {
            **self.fixed,
            "task": question.task,
            "prompt": self.prompt_id(question.task, model),
            "model": model,
            "sampling": {
                "temperature": question.temperature,
                "max_tokens": self.max_answer_tokens,
                "seed": None,  # none is sent: at temperature 0 there is nothing to draw
            },
            "bases": dict(sorted(content.items())),
            "document": question.document_id,
        }


def answer_key(question: str, recipe: Mapping[str, Any]) -> str:
    """SHA-256 of the normalised question and all it is answered with, 64 hexadecimal digits."""
    asked = json.dumps([normalised(question), recipe], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(asked.encode()).hexdigest()


def normalised(question: str) -> str:
    """Width, case, white space and the marks at the end aside: 「年假几天?」 is 「年假几天？ 」."""
    text = unicodedata.normalize("NFKC", question).casefold()
    return " ".join(text.split()).rstrip("?!.。 ")
