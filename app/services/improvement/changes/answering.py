"""Answers a base's own questions as they are answered now, one after the other."""

from collections.abc import Callable, Sequence
from contextlib import aclosing

from app.db.tables import RecordedAnswer
from app.rag.events import Question
from app.rag.types import Answer, Scope
from app.services.improvement.changes.recordings import ToAnswer
from app.tasks.tasks import TaskStream

OnProgress = Callable[[int, int], None]


async def answer_all(
    tasks: TaskStream, base_id: str, questions: Sequence[ToAnswer], on_progress: OnProgress
) -> list[RecordedAnswer]:
    """All documents of the base may be answered from; neither the cache nor approved answers are
    asked. Raises LlmError, RagError, IngestError."""
    found = []
    for number, asked in enumerate(questions):
        on_progress(number, len(questions))
        answer = await _answer(tasks, Question(asked.question, Scope((base_id,)), temperature=0.0))
        verdicts = [check.verdict for check in answer.checks]
        found.append(
            RecordedAnswer(
                number=number,
                message_id=asked.message_id,
                question=asked.question,
                expected=asked.expected,
                expected_documents=list(asked.expected_documents),
                answer=answer.text,
                cites=bool(answer.citations),
                unsupported=sum(each in ("unsupported", "contradicted") for each in verdicts),
                documents=sorted({passage.document_id for passage in answer.passages}),
            )
        )
    return found


async def _answer(tasks: TaskStream, question: Question) -> Answer:
    async with aclosing(tasks.stream(question)) as events:
        async for event in events:
            if isinstance(event, Answer):
                return event
    raise AssertionError("a stream ends with its answer")
