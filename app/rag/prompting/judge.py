"""Asks the model that wrote an answer whether its sources state it.

The question follows the answer, so that the engine still has the sources in its cache: it costs
some thirty tokens. docs/decisions/2026-11-29-judge.md tells which models it is worth asking.
"""

from app.llm.chat_model import ChatModel, LlmError
from app.llm.messages import Message
from app.llm.yes_no import yes_probability
from app.rag.language import Language, language_of
from app.rag.prompting.prompt import Prompt, neutralise

_ASKED: dict[Language, str] = {
    "zh": "以上资料里写明了“{question}”的答案吗？只回答“是”或“否”。",
    "en": "Do the sources above state the answer to “{question}”? Reply only yes or no.",
}


async def stated_probability(
    model: ChatModel, prompt: Prompt, question: str, answer: str
) -> float | None:
    """0 to 1, that the sources of `prompt` state the answer; None where the model does not say, or
    cannot be asked now. `answer` is what it wrote, without the words that it was given."""
    *before, last = prompt.messages
    if last.role == "assistant":
        turns = [*before, Message("assistant", last.content + answer)]
    else:
        turns = [*before, last, Message("assistant", answer)]
    asked = _ASKED[language_of(question)].format(question=neutralise(question))
    try:
        return await yes_probability(model, [*turns, Message("user", asked)])
    except LlmError:
        return None
