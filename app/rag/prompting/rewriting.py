"""A follow-up as a question of its own, written by an able model: what is searched for then.

One short call. Whatever goes wrong, an engine that is slow included, the question is searched as
ever; and what a model returns is used only if it looks like a question in the same language.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import aclosing

from app.llm.chat_model import ChatModel, LlmError
from app.llm.messages import Message
from app.rag.language import Language, language_of
from app.rag.prompting.prompt import neutralise

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
_MAX_TOKENS = 96
_TURNS = 4  # messages: the last two questions with their answers
_ANSWER_CHARS = 300  # of an earlier answer
_MAX_CHARS = 300  # of the question that comes out
_SYSTEM: dict[Language, str] = {
    "zh": "把用户的最后一个问题改写成不依赖上文也能看懂的问题：补上省略的主语、名称和条件，"
    "不要回答，不要添加别的内容。如果它本来就能单独看懂，就原样写出。只写问题本身。",
    "en": "Rewrite the user's last question so that it can be understood without the "
    "conversation: put in the subjects, names and conditions that it leaves out. Don't answer it "
    "and add nothing else. If it can be understood alone, repeat it. Write only the question.",
}
_LABEL = re.compile(r"^(?:(?:改写后的)?问题|(?:rewritten )?question)\s*[:：]\s*", re.IGNORECASE)
_QUOTES = "\"'“”「」 "


async def rewritten(
    question: str, history: Sequence[Message], model: ChatModel, patience_s: float = PATIENCE_S
) -> str:
    """The question with what it leaves out; empty where there is none that can be used."""
    try:
        async with asyncio.timeout(patience_s):
            text = await _ask(question, history, model)
    except (LlmError, TimeoutError) as error:
        log.info("the question is searched as it is: %s", error or type(error).__name__)
        return ""
    return _usable(text, question)


async def _ask(question: str, history: Sequence[Message], model: ChatModel) -> str:
    language = language_of(question)
    turns = [Message(m.role, m.content[:_ANSWER_CHARS]) for m in history[-_TURNS:]]
    messages = (
        Message("system", _SYSTEM[language]),
        *turns,
        Message("user", neutralise(question)),
    )
    text = ""
    deltas = model.stream(messages, max_tokens=_MAX_TOKENS, temperature=0.0, thinking=False)
    async with aclosing(deltas) as stream:
        async for delta in stream:
            text = "" if delta.text_was_thought else text + delta.text
    return text


def _usable(text: str, question: str) -> str:
    lines = text.strip().splitlines()
    if len(lines) != 1:
        return ""
    asked = _LABEL.sub("", lines[0]).strip(_QUOTES)
    same_language = language_of(asked) == language_of(question)
    return asked if asked and same_language and len(asked) <= _MAX_CHARS else ""
