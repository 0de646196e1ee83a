"""Which of the two languages a question is in, and the fixed sentences said in each."""

import re
from typing import Literal

Language = Literal["zh", "en"]

_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

NO_SOURCES: dict[Language, str] = {
    "zh": "所选知识库中没有找到与这个问题相关的内容。可以换一种说法，或者上传包含答案的文件。",
    "en": "Nothing in the selected knowledge bases matches this question. "
    "Try other words, or upload a file that holds the answer.",
}


def language_of(text: str) -> Language:
    """`zh` where the text holds any Chinese character, else `en`."""
    return "zh" if _CJK.search(text) else "en"
