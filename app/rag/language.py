"""Which of the two languages a question is in, and the fixed sentences said in each."""

import re
from collections.abc import Sequence
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


def language_of(text: str) -> Language:
    """`zh` where the text holds any Chinese character, else `en`."""
    return "zh" if _CJK.search(text) else "en"


def not_found(question: str, nearest: Sequence[str]) -> str:
    """What is said instead of an answer; `nearest` are names of documents, best first."""
    language = language_of(question)
    names = ("、" if language == "zh" else ", ").join(dict.fromkeys(nearest))
    nearest_text = _NEAREST[language].format(names=names) if names else ""
    return _NOT_FOUND[language].format(nearest=nearest_text)
