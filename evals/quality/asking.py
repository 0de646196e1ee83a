"""Asks the real answer line, one question at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.llm.messages import Message
from app.rag.answer import AnswerLine
from app.rag.events import Question, Sources, TextDelta
from app.rag.prompting.prompt import Prompt
from app.rag.types import Answer, Scope
from evals.metrics.citations import refuses
from evals.metrics.overlap import without_markers
from evals.runs import Record

_REFUSED = frozenset({"no_sources", "not_stated", "abstained"})


@dataclass(frozen=True, slots=True)
class Answered:
    """`first_token_ms`: from the question to the first visible text; `raw`: what the model wrote,
    which the extractive reader may have completed or replaced."""

    answer: Answer
    prompt: Prompt | None
    first_token_ms: float
    raw: str = ""

    @property
    def text(self) -> str:
        """The answer without markers."""
        return without_markers(self.answer.text)

    @property
    def abstained(self) -> bool:
        """Whether the service itself refused, without the model's text."""
        return str(self.answer.finish_reason) in _REFUSED

    @property
    def refused(self) -> bool:
        """Whether the service abstained or the model's answer starts with a refusal."""
        return self.abstained or refuses(self.text[:80])

    @property
    def confidence(self) -> float:
        """The confidence of the service, 0 to 1, or else the score of the best passage."""
        own = getattr(self.answer, "confidence", None)
        if own is not None:
            return float(own)
        return max((p.trace.dense or 0.0 for p in self.answer.passages), default=0.0)

    def record(self, qid: str, question: str, gold: Sequence[str], type: str = "") -> Record:
        """The record of an answer, without scores."""
        answer = self.answer
        return Record(
            qid=qid,
            question=question,
            gold=list(gold),
            type=type,
            details={
                "answer": answer.text,
                "raw": self.raw,
                "finish_reason": answer.finish_reason,
                "confidence": self.confidence,
                "refused": self.refused,
                "prompt_tokens": answer.tokens.prompt,
                "completion_tokens": answer.tokens.completion,
                "citations": [[c.marker, c.document_name, c.text] for c in answer.citations],
                "passages": [
                    {"document": p.document_name, "score": p.score, "start": p.start}
                    for p in answer.passages
                ],
            },
            timings_ms={**answer.timings_ms, "until_first_token": self.first_token_ms},
        )


async def ask(
    line: AnswerLine, question: str, base_ids: Sequence[str], history: Sequence[Message] = ()
) -> Answered:
    """Asks one question. Raises the errors of the answer line."""
    began = time.perf_counter()
    first_ms, raw = 0.0, ""
    prompt: Prompt | None = None
    async for event in line.stream(Question(question, Scope(tuple(base_ids)), tuple(history))):
        if isinstance(event, Sources):
            prompt = event.prompt
        elif isinstance(event, TextDelta):
            raw += event.raw
            if event.text and not first_ms:
                first_ms = (time.perf_counter() - began) * 1000
        elif isinstance(event, Answer):
            return Answered(event, prompt, first_ms, raw)
    raise RuntimeError("the answer line ended without an answer")
