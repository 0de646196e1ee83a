"""Rerankers that read question and passage together: BGE rerankers, models of inference (NLI).

Nogueira and Cho, "Passage Re-ranking with BERT", 2019. Never the network: the folder is there.
"""

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.rag.errors import RerankerUnusable
from app.rag.retrieval.rerank import RerankScores
from app.rag.types import Passage

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_MAX_TOKENS = 512
_BATCH = 8
_ENTAILED = "entail"  # what the label is called that says that one text follows from the other


class CrossEncoderReranker:
    """Implements `Reranker`. `folder` is laid out as Hugging Face's models for sequence
    classification: with one label, a score of relevance; with several, the probability of the label
    `entailment`. The model is loaded by the first `score`; one thread at a time computes.

    Raises RerankerUnusable where the folder has no such model.
    """

    def __init__(self, folder: Path, *, name: str, threads: int = 0) -> None:
        """`threads` 0: as many as torch takes."""
        if not (folder / "config.json").is_file():
            raise RerankerUnusable(f"{folder} is no folder of a cross-encoder: no config.json")
        self.name = name
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()

    def score(self, query: str, passages: Sequence[Passage]) -> RerankScores:
        """Between 0 and 1. Texts are cut off at 512 tokens."""
        if not passages:
            return np.zeros(0, np.float32)
        with self._lock:
            pairs = [self._pair(query, passage) for passage in passages]
            scores = self._model.predict(
                pairs,
                batch_size=_BATCH,
                show_progress_bar=False,
                apply_softmax=self._entailed is not None,
            )
        found = np.asarray(scores, np.float32)
        return found if self._entailed is None else np.ascontiguousarray(found[:, self._entailed])

    def _pair(self, query: str, passage: Passage) -> tuple[str, str]:
        """Models of inference read what is given first, then what may follow."""
        text = f"{' '.join((passage.title, *passage.headings))}\n{passage.text}".strip()
        return (query, text) if self._entailed is None else (text, query)

    @cached_property
    def _model(self) -> "CrossEncoder":
        import torch
        from sentence_transformers import CrossEncoder

        if self._threads:
            torch.set_num_threads(self._threads)
        try:
            model: CrossEncoder = CrossEncoder(
                str(self._folder), device="cpu", local_files_only=True, max_length=_MAX_TOKENS
            )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise RerankerUnusable(f"The reranker {self.name} cannot be loaded: {error}") from error
        return model

    @cached_property
    def _entailed(self) -> int | None:
        """The label that counts; None where there is only one."""
        config = self._model.config
        labels = dict(config.id2label or {}) if config else {}
        if len(labels) <= 1:
            return None
        for number, label in labels.items():
            if _ENTAILED in label.casefold() and "not" not in label.casefold():
                return int(number)
        raise RerankerUnusable(f"The reranker {self.name} has no label `entailment`: {labels}")
