"""Translates Chinese into English and other languages into Chinese, piece by piece."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from app.llm.chat_model import ChatModel
from app.llm.messages import Message
from app.prompts.prompt_file import PromptFile
from app.rag.clock import Clock
from app.rag.events import AnswerEvent, Question, Sources, Stage, TextDelta
from app.rag.grounding.sentences import split_sentences
from app.rag.language import language_of
from app.rag.prompting.prompt import Prompt, neutralise
from app.tasks.writing import Writing, answer_of, size

_GROWTH = 1.5  # a translation may have this many times the tokens of its text


@dataclass(frozen=True, slots=True)
class Translate:
    model: ChatModel
    prompt: PromptFile
    max_answer_tokens: int

    async def stream(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Stages and text, then the Answer. Raises LlmError."""
        clock = Clock()
        pieces = self._pieces(question.text)
        writings: list[Writing] = []
        parts: list[str] = []
        for number, piece in enumerate(pieces, start=1):
            messages = self._messages(piece)
            yield Sources(Prompt(messages, (), size(self.model, messages)))
            yield Stage("reading", done=number, total=len(pieces))
            writing = Writing(
                self.model,
                messages,
                self.max_answer_tokens,
                question.temperature,
                thinking=question.thinking,
            )
            writings.append(writing)
            async with aclosing(writing.stream()) as written:
                async for event in written:
                    if clock.first("first_token"):
                        yield Stage("writing")
                    yield event
            # Models drop surrounding white space, so paragraph breaks are added back.
            gap = piece[len(piece.rstrip()) :]
            yield TextDelta(gap, "")
            parts += [writing.text, gap]
        answer = answer_of("".join(parts), writings, clock)
        cut = any(writing.finish == "length" for writing in writings)
        yield replace(answer, finish_reason="length") if cut else answer

    def _messages(self, text: str) -> tuple[Message, ...]:
        language = language_of(text)
        asked = self.prompt.say("text", language, text=neutralise(text.strip()))
        return (*self.prompt.head(language), Message("user", asked))

    def _pieces(self, text: str) -> list[str]:
        """Groups of whole sentences whose translation fits one answer."""
        budget = int(self.max_answer_tokens / _GROWTH)
        pieces: list[str] = []
        used = 0
        for span in split_sentences(text):
            sentence = text[span.start : span.end]
            tokens = self.model.count_tokens(sentence)
            if not pieces or used + tokens > budget:
                pieces.append("")
                used = 0
            pieces[-1] += sentence
            used += tokens
        return pieces
