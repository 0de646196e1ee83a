"""Questions without their document: what an able model refuses.

A row whose sources hold the answer becomes one whose sources don't: the document that answers it is
taken out of the prompt, the others that were found stay, and the target is the sentence that the
system text asks for. Without such rows a model learns to answer always (Zhang et al., "RAFT:
Adapting Language Model to Domain Specific RAG", 2024, keeps distractors for the same reason).
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.llm.messages import Message
from app.rag.language import Language, language_of
from app.rag.prompting.prompt import source_name, source_pattern
from app.rag.prompting.styles import STYLES

REFUSAL: dict[Language, str] = {
    "zh": "资料中没有找到答案。",
    "en": "The sources do not contain the answer.",
}


def refuses(style: str) -> bool:
    """Whether models of this prompt style are told to refuse. The smallest are not: what the
    sources lack is decided before they are asked."""
    found = STYLES.get(style)
    return found is not None and REFUSAL["zh"].rstrip("。") in found.system["zh"]


def is_refusal(text: str) -> bool:
    """Whether the answer is nothing but a refusal."""
    return text.strip().rstrip("。.") in {each.rstrip("。.") for each in REFUSAL.values()}


def without_document(
    prompt: Sequence[Message], question: str, document: str
) -> tuple[tuple[Message, ...], str] | None:
    """The prompt without the sources of `document`, the others numbered anew, and the refusal;
    None where no other source is in it."""
    language = language_of(question)
    *before, last = prompt
    pattern = source_pattern(language)
    blocks = list(pattern.finditer(last.content))
    kept = [block for block in blocks if source_name(block) != document]
    if not kept or len(kept) == len(blocks):
        return None
    number = {
        block.start(): place
        for place, block in enumerate(sorted(kept, key=lambda block: int(block["number"])), start=1)
    }

    def renumbered(block: re.Match[str]) -> str:
        if block.start() not in number:
            return ""
        begin, end = block.start("number") - block.start(), block.end("number") - block.start()
        return f"{block[0][:begin]}{number[block.start()]}{block[0][end:]}"

    content = pattern.sub(renumbered, last.content)
    return (*before, replace(last, content=content)), REFUSAL[language]
