"""The recipe of an answer: the settings and versions that produced it.

The same question with the same recipe gives the same answer, as far as the engine is deterministic.
Every answer stores its recipe for replay (`replay.py`); the hash of recipe and question is the
cache key (`answer_cache.py`).
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.db.tables import KnowledgeBase
from app.rag.events import Question
from app.rag.types import Task


@dataclass(frozen=True, slots=True)
class Recipes:
    """`fixed`: the part from settings, versions and what was measured with the embedder; the rest
    depends on the question. `writers`: of each engine the adapter that answers in a conversation,
    where it is not the bare model."""

    fixed: Callable[[], Mapping[str, Any]]
    max_answer_tokens: int
    prompt_id: Callable[[Task, str], str]
    writers: Callable[[str], Mapping[str, str]]

    def of(
        self,
        question: Question,
        model: str,
        bases: Sequence[KnowledgeBase],
        conversation_id: str = "",
    ) -> dict[str, Any]:
        """The recipe as plain JSON, with the current state of `bases`."""
        content = {base.id: [base.generation, base.sequence] for base in bases}
        writers = self.writers(conversation_id)
        return {
            **self.fixed(),
            **({"adapters": dict(writers)} if writers else {}),
            "task": question.task,
            "prompt": self.prompt_id(question.task, model),
            "model": model,
            "sampling": {
                # None: the engine's own, which stands with it
                "temperature": question.temperature,
                "thinking": question.thinking,
                "max_tokens": self.max_answer_tokens,
                "seed": None,  # no seed is sent: at temperature 0 nothing is sampled
            },
            "bases": dict(sorted(content.items())),
            # Whoever may see less gets answers of their own.
            "withheld": sorted(question.scope.withheld),
            "document": question.document_id,
        }


def answer_key(question: str, recipe: Mapping[str, Any]) -> str:
    """SHA-256 of the normalised question and its recipe, 64 hexadecimal digits."""
    asked = json.dumps([normalised(question), recipe], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(asked.encode()).hexdigest()


def normalised(question: str) -> str:
    """Ignores width, case, white space and final marks: 「年假几天?」 equals 「年假几天？ 」."""
    text = unicodedata.normalize("NFKC", question).casefold()
    return " ".join(text.split()).rstrip("?!.。 ")
