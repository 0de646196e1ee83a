"""How long a question may be: as long as the engine that answers it can read."""

from dataclasses import dataclass

from app.llm.engines import AUTO
from app.llm.gateway import Gateway
from app.llm.routing import LONG_FROM, Case
from app.rag.answer import AnswerLine
from app.rag.prompting.prompt import SOURCE_TOKENS, question_room
from app.services.errors import QuestionTooLong

_LONG = "长" * LONG_FROM  # what `auto` sends to the engine for long questions


@dataclass(frozen=True, slots=True)
class QuestionLimit:
    """In tokens, by engine; counted before anything is stored or searched."""

    gateway: Gateway
    line: AnswerLine

    def max_tokens(self, wanted: str = AUTO, *, sources: bool = True) -> int:
        """What is left of the engine's context: without the answer, the instructions, and room for
        a source where there are any. `wanted`: an engine's name, or `auto`, which sends long
        questions to one engine.
        """
        model = self.gateway.choose(wanted, Case(_LONG))
        style = self.line.style_of(model.name)
        most = model.context_tokens - self.line.max_answer_tokens
        if not sources:
            return most - SOURCE_TOKENS  # more than the instructions of a chat take
        return question_room(style, model.count_tokens, most)

    def check(self, question: str, wanted: str, *, sources: bool = True) -> None:
        """Raises QuestionTooLong."""
        limit = self.max_tokens(wanted, sources=sources)
        if len(question) <= limit:  # a token has a character at least
            return
        tokens = self.gateway.choose(wanted, Case(_LONG)).count_tokens(question)
        if tokens > limit:
            raise QuestionTooLong(tokens, limit, "tokens")
