"""Every question compared with every text, as search and gate do it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from app.db import lexical
from app.db.engine import Database
from app.rag.grounding.wording import asked_terms
from app.rag.retrieval.gate import LOOKED_AT, shared_words
from app.rag.types import Passage, StageScores
from app.services.calibration.texts import Text
from ingest.chunking.chunk import indexed_text
from ingest.embedding.embedder import TextKind, Vectors

_BASE = "calibration"

Scores = NDArray[np.float64]
Embed = Callable[[Sequence[str], TextKind], Vectors]


@dataclass(frozen=True, slots=True)
class Compared:
    """All arrays `(questions, texts)`: `cosines` −1 to 1, `lexical` 0 to 1, `words` 0 to 1 as the
    gate counts them. `own` `(questions,)` is each question's text, `near` `(questions,)` whether it
    is about it without being answered by it.
    """

    cosines: Scores
    lexical: Scores
    words: Scores
    own: NDArray[np.int64]
    near: NDArray[np.bool_]

    def fused(self, dense_weight: float) -> Scores:
        """`(questions, texts)`: what search ranks by."""
        return dense_weight * self.cosines + (1 - dense_weight) * self.lexical

    def gate(self, dense_weight: float, among: NDArray[np.bool_]) -> Scores:
        """`(questions,)`: what the gate compares with its threshold, where only the texts
        `among`, `(questions, texts)`, are in the base.
        """
        ranked = np.where(among, self.fused(dense_weight), -np.inf)
        looked_at = np.argsort(-ranked, axis=1)[:, :LOOKED_AT]
        scored = dense_weight * self.cosines + (1 - dense_weight) * self.words
        scored = np.where(among, scored, -np.inf)
        best: Scores = np.take_along_axis(scored, looked_at, axis=1).max(axis=1)
        return best

    @property
    def is_own(self) -> NDArray[np.bool_]:
        """`(questions, texts)`: whether the text is the question's."""
        is_own: NDArray[np.bool_] = np.arange(self.cosines.shape[1])[None] == self.own[:, None]
        return is_own


def compare(texts: Sequence[Text], embed: Embed) -> Compared:
    """Raises what `embed` raises."""
    asked = [(q, n, False) for n, text in enumerate(texts) for q in text.questions]
    asked += [(text.near, n, True) for n, text in enumerate(texts)]
    questions = [question for question, _, _ in asked]
    indexed = [indexed_text(text.title, (), text.text) for text in texts]
    cosines = (embed(questions, "query") @ embed(indexed, "document").T).astype(np.float64)
    found = _lexical(questions, indexed)
    words = np.array(
        [
            [
                shared_words(asked_terms(question), _passage(text, found[row, column]))
                for column, text in enumerate(texts)
            ]
            for row, question in enumerate(questions)
        ]
    )
    own = np.array([number for _, number, _ in asked])
    return Compared(cosines, found, words, own, np.array([near for *_, near in asked]))


def _lexical(questions: Sequence[str], indexed: Sequence[str]) -> Scores:
    """`(questions, texts)` by the lexical index, in a database of their own."""
    found = np.zeros((len(questions), len(indexed)))
    with TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'calibration.db'}")
        db.migrate()
        with db.write() as session:
            lexical.add(session, _BASE, list(enumerate(indexed)))
        with db.read() as session:
            for row, question in enumerate(questions):
                for match in lexical.search(session, question, len(indexed), [_BASE]):
                    found[row, match.id] = match.score
        db.dispose()
    return found


def _passage(text: Text, share: float) -> Passage:
    trace = StageScores(lexical=share or None)
    return Passage(
        0, "", text.title, "", 0, text.text, 0, len(text.text), title=text.title, trace=trace
    )
