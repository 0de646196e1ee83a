"""Writes what the answer line says into the stored message."""

from collections.abc import Sequence
from dataclasses import asdict

from app.db.tables import StoredMessage
from app.llm.messages import Served
from app.rag.events import AnswerEvent, Sources, TextDelta, Thought
from app.rag.grounding.check import citations_of, unsupported_of
from app.rag.prompting.prompt import PROMPT_VERSION
from app.rag.types import Answer, Check, Conflict
from app.services.answers.stored_prompt import stored_messages


def record(message: StoredMessage, event: AnswerEvent) -> None:
    match event:
        case Sources(prompt):
            message.prompt = stored_messages(prompt.messages)
            message.passages = [asdict(p) for p in prompt.passages]
        case Thought(text, served, text_was_thought):
            _record_engine(message, served)
            if text_was_thought:
                message.thought += message.content
                message.content = message.raw_output = ""
            message.thought += text
        case TextDelta(text, raw, served):
            _record_engine(message, served)
            message.raw_output += raw
            message.content += text
        case Answer():
            _record_answer(message, event)


def record_checks(
    message: StoredMessage, checks: Sequence[Check], conflicts: Sequence[Conflict]
) -> None:
    message.checks = [asdict(check) for check in checks]
    message.citations = [asdict(citation) for citation in citations_of(checks)]
    message.unsupported = [asdict(unsupported) for unsupported in unsupported_of(checks)]
    message.conflicts = [asdict(conflict) for conflict in conflicts]


def _record_engine(message: StoredMessage, served: Served | None) -> None:
    """As soon as it is known, in case the stream breaks."""
    if served is not None:
        message.model, message.served = served.engine, asdict(served)
        message.adapter = served.adapter or None


def _record_answer(message: StoredMessage, answer: Answer) -> None:
    message.content, message.thought = answer.text, answer.thought
    message.rewritten = answer.rewritten
    message.passages = [asdict(p) for p in answer.passages]
    message.confidence = round(answer.confidence, 4)
    record_checks(message, answer.checks, answer.conflicts)
    if answer.style:  # of the engine that wrote it, which may be a fallback
        prompt_id = f"{PROMPT_VERSION}/{answer.style}"
        message.recipe = {**message.recipe, "prompt": prompt_id}
    message.model, message.adapter = answer.model, answer.adapter
    if answer.served is not None:
        message.served = asdict(answer.served)
        adapters = message.recipe.get("adapters", {})
        promised = adapters.get(answer.served.engine, "")
        # By a fallback engine, or by an adapter that took over meanwhile: must not be cached.
        if answer.served.tried or promised != answer.served.adapter:
            message.answer_key = None
    message.finish_reason = answer.finish_reason
    message.prompt_tokens = answer.tokens.prompt
    message.completion_tokens = answer.tokens.completion
    message.thought_tokens = answer.tokens.thought
    message.timings_ms = {stage: round(ms, 2) for stage, ms in answer.timings_ms.items()}
