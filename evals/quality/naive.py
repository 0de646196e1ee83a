"""The naive baseline: the top chunks and the question in one message, and the model's raw
answer."""

from collections.abc import Sequence
from contextlib import aclosing

from app.llm.chat_model import ChatModel
from app.llm.messages import Message
from app.rag.language import Language, language_of
from app.rag.types import Passage
from evals.metrics.citations import check_citations, refuses
from evals.metrics.overlap import overlap, without_markers
from evals.questions.sets import Question
from evals.runs import NAIVE, Scores

CHUNKS = 5

_MAX_TOKENS = 128  # enough for a canary and an answer
_ASKED: dict[Language, str] = {
    "zh": "请根据以下资料回答问题，并用 [编号] 注明出处。资料中没有答案时，请说不知道。\n\n"
    "{sources}\n\n问题：{question}",
    "en": "Answer the question from the sources below and cite them as [number]. "
    "If they do not hold the answer, say that you do not know.\n\n"
    "{sources}\n\nQuestion: {question}",
}


async def ask_naively(model: ChatModel, question: str, passages: Sequence[Passage]) -> str:
    """Raises LlmError."""
    sources = "\n\n".join(f"[{n}] {each.text}" for n, each in enumerate(passages, start=1))
    text = _ASKED[language_of(question)].format(sources=sources, question=question)
    deltas = model.stream((Message("user", text),), max_tokens=_MAX_TOKENS, temperature=0.0)
    async with aclosing(deltas):
        return "".join([delta.text async for delta in deltas])


def score_naive(said: str, passages: Sequence[Passage], question: Question) -> Scores:
    """Scores with the prefix NAIVE; of an unanswerable question only whether it was refused."""
    refused = float(refuses(without_markers(said)[:80]))
    if not question.answerable:
        return {f"{NAIVE}refused_{question.sort}": refused}
    checked = check_citations(said, passages).scores()
    right = overlap(without_markers(said), question.answers, language_of(question.text))
    scores = {**right, **checked, "false_refusal": refused}
    return {f"{NAIVE}{name}": score for name, score in scores.items()}
