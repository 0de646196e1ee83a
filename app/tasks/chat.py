"""Plain chat without documents."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from app.llm.chat_model import ChatModel
from app.llm.messages import Message
from app.prompts.prompt_file import PromptFile
from app.rag.clock import Clock
from app.rag.errors import QuestionTooLong
from app.rag.events import AnswerEvent, Question, Sources, Stage
from app.rag.language import language_of
from app.rag.prompting.prompt import Prompt, neutralise, recent_turns
from app.tasks.writing import Writing, answer_of, size


@dataclass(frozen=True, slots=True)
class Chat:
    model: ChatModel
    prompt: PromptFile
    max_answer_tokens: int

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Stages and text, then the Answer. Raises QuestionTooLong, LlmError."""
        clock = Clock()
        prompt = self._prompt(question)
        clock.lap("prompt")
        yield Sources(prompt)
        yield Stage("reading")
        writing = Writing(
            self.model,
            prompt.messages,
            self.max_answer_tokens,
            question.temperature,
            thinking=question.thinking,
        )
        async with aclosing(writing.stream()) as pieces:
            async for piece in pieces:
                if clock.first("first_token"):
                    yield Stage("writing")
                yield piece
        yield answer_of(writing.text, [writing], clock)

    def _prompt(self, question: Question) -> Prompt:
        """The newest turns of the conversation that fit the context, and the question."""
        budget = self.model.context_tokens - self.max_answer_tokens
        head = self.prompt.head(language_of(question.text))
        asked = Message("user", neutralise(question.text))
        bare = size(self.model, (*head, asked))
        if bare > budget:
            raise QuestionTooLong(bare, budget)
        turns = recent_turns(question.history, self.model.count_tokens, budget - bare)
        messages = (*head, *turns, asked)
        return Prompt(messages, (), size(self.model, messages))
