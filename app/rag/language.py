"""Which of the two languages a question is in, and the fixed sentences said in each."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

Language = Literal["zh", "en"]

_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

_NOT_FOUND: dict[Language, str] = {
    "zh": "所选知识库中没有找到能回答这个问题的内容。{nearest}"
    "可以换一种说法，或者上传包含答案的文件。",
    "en": "Nothing in the selected knowledge bases answers this question. {nearest}"
    "Try other words, or upload a file that holds the answer.",
}
_NEAREST: dict[Language, str] = {"zh": "最接近的文件：{names}。", "en": "Nearest: {names}. "}


_NOT_STATED: dict[Language, str] = {
    "zh": "文件谈到了这个问题，但没有写明答案。{nearest}",
    "en": "The documents are about this but do not state the answer. {nearest}",
}


def language_of(text: str) -> Language:
    """`zh` where the text holds any Chinese character, else `en`."""
    return "zh" if _CJK.search(text) else "en"


def not_found(question: str, nearest: Sequence[str]) -> str:
    """What is said instead of an answer; `nearest` are names of documents, best first."""
    return _refusal(_NOT_FOUND, question, nearest)


def not_stated(question: str, nearest: Sequence[str]) -> str:
    """The same where the documents are about the question."""
    return _refusal(_NOT_STATED, question, nearest).strip()


def _refusal(words: Mapping[Language, str], question: str, nearest: Sequence[str]) -> str:
    language = language_of(question)
    names = ("、" if language == "zh" else ", ").join(dict.fromkeys(nearest))
    nearest_text = _NEAREST[language].format(names=names) if names else ""
    return words[language].format(nearest=nearest_text)
