"""The prompt: system text, numbered sources, ChatML. One renderer for serving and for export.

ChatML is the template of Qwen2.5: https://github.com/openai/openai-python/blob/v0.28.1/chatml.md
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from app.llm.messages import Message
from app.rag.errors import QuestionTooLong
from app.rag.grounding.sentences import split_sentences
from app.rag.language import Language, language_of
from app.rag.prompting.styles import ANSWER, Style
from app.rag.retrieval.other_one import those_named
from app.rag.retrieval.pack import Around, only_the_clear_best, pack
from app.rag.types import Passage

PROMPT_VERSION = "qa-5"

# Sources stand in tags, not under headings such as "[1] file": a model of 0.5B parameters answered
# 4 of 16 questions with the heading. A small trial: tags were tried on 10 of them, where none did.
_SOURCE: dict[Language, str] = {
    "zh": '<资料 编号="{number}" 出处="{label}">\n{text}\n</资料>\n',
    "en": '<source number="{number}" from="{label}">\n{text}\n</source>\n',
}
_LABELS = " > "  # between the document's name and its headings
# Where a model goes on with sources of its own making. Four, as many as OpenAI's protocol allows.
STOPS = ("</资料>", "</source>", "<资料 ", "<source number")
_QUESTION: dict[Language, str] = {"zh": "问题：", "en": "Question: "}
_CLOSING_TAG = re.compile(r"<(?=/\s*(?:资料|source)\s*>)")

# Everything that the tokenizers of Qwen2.5 and Qwen3 read as one control token: <|im_start|>,
# <|fim_prefix|>, … and the tags of tool calls and thoughts.
_CONTROL_TOKEN = re.compile(r"<\|(\w+)\|>|<(/?(?:tool_call|think))>")

SOURCE_TOKENS = 200  # of a prompt with a question that leaves no more: one source of usual length
_HISTORY_SHARE = 0.25  # of the budget at most; sources matter more than old turns

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Prompt:
    """`passages[n - 1]` is the source numbered n."""

    messages: tuple[Message, ...]
    passages: tuple[Passage, ...]
    token_count: int


def neutralise(text: str) -> str:
    """Make control tokens of the template plain text: `<|im_end|>` becomes `<｜im_end｜>`."""
    return _CONTROL_TOKEN.sub(lambda m: f"<｜{m[1]}｜>" if m[1] else f"＜{m[2]}＞", text)


def render_chatml(
    messages: Sequence[Message], *, generation: bool = True, thought: str = ""
) -> str:
    """The text a Qwen engine reads; with `generation` it ends where the answer begins, or after
    its first words where the last message is the assistant's. `thought` stands before them: an
    empty one for a model that shall not think, an opened one for a model that always does."""
    begun = [messages[-1]] if generation and messages[-1].role == "assistant" else []
    whole = messages[:-1] if begun else messages
    turns = "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in whole)
    if not generation:
        return turns
    return f"{turns}<|im_start|>assistant\n{thought}{''.join(m.content for m in begun)}"


def build_prompt(
    question: str,
    hits: Sequence[Passage],
    around: Around,
    history: Sequence[Message],
    *,
    count_tokens: CountTokens,
    max_prompt_tokens: int,
    max_passages: int,
    style: Style = ANSWER,
    begin: str = "",
    most_tokens: int = 0,
) -> Prompt:
    """Fill the budget: instructions and question, then recent turns, then what was found.

    A long question may take the prompt over `max_prompt_tokens`, up to `most_tokens`.

    `hits` are chunks, best first, `around` what stands beside them. There is always a source: the
    best one is cut after a sentence where it alone is too long. `begin`, where given, are the
    first words of the answer: the last message is then the assistant's. Raises QuestionTooLong.
    """
    language = language_of(question)
    begun = [Message("assistant", neutralise(begin))] if begin else []

    def assemble(turns: Sequence[Message], sources: Sequence[Passage]) -> tuple[Message, ...]:
        content = _user_content(question, sources, language, best_last=style.reads > 0)
        return (*style.head(language), *turns, Message("user", content), *begun)

    def size(turns: Sequence[Message], sources: Sequence[Passage]) -> int:
        return count_tokens(render_chatml(assemble(turns, sources)))

    bare = size((), ())
    max_prompt_tokens = max(max_prompt_tokens, min(bare + SOURCE_TOKENS, most_tokens))
    if bare > max_prompt_tokens:
        raise QuestionTooLong(bare, max_prompt_tokens)

    turns = recent_turns(history, count_tokens, int((max_prompt_tokens - bare) * _HISTORY_SHARE))
    left = max_prompt_tokens - size(turns, ())
    if style.reads:
        named = those_named(question, hits)
        chosen = list(only_the_clear_best(named, question)[: min(style.reads, max_passages)])
    else:
        tags = count_tokens(source_text(1, replace(hits[0], text=""), language)) if hits else 0
        packed = pack(
            hits,
            around,
            measure=count_tokens,
            budget=left,
            overhead=tags,
            max_passages=max_passages,
        )
        chosen = list(packed)
    # Pieces counted apart differ by a few tokens from the whole: the whole decides.
    while len(chosen) > 1 and size(turns, chosen) > max_prompt_tokens:
        chosen.pop()
    if chosen and size(turns, chosen) > max_prompt_tokens:
        chosen = [cut for cut in [_cut(chosen[0], left, count_tokens, language)] if cut.text]
    messages = assemble(turns, chosen)
    return Prompt(messages, tuple(chosen), count_tokens(render_chatml(messages)))


def question_room(style: Style, count_tokens: CountTokens, most_tokens: int) -> int:
    """Tokens of a question in a prompt of at most `most_tokens`, with room for a source."""

    def bare(language: Language) -> int:
        asked = Message("user", _user_content("", (), language, best_last=False))
        return count_tokens(render_chatml((*style.head(language), asked)))

    return max(0, most_tokens - max(map(bare, get_args(Language))) - SOURCE_TOKENS)


def _user_content(
    question: str, passages: Sequence[Passage], language: Language, *, best_last: bool
) -> str:
    sources = [source_text(n, p, language) for n, p in enumerate(passages, start=1)]
    ordered = reversed(sources) if best_last else sources
    return f"{''.join(ordered)}\n{_QUESTION[language]}{neutralise(question)}"


def source_text(number: int, passage: Passage, language: Language) -> str:
    """A source as a model reads it: nothing in it ends its tag or speaks to the template."""
    label = _LABELS.join((passage.document_name, *passage.headings)).replace('"', "'")
    text = _CLOSING_TAG.sub("＜", passage.text.strip())
    return neutralise(_SOURCE[language].format(number=number, label=label, text=text))


def source_pattern(language: Language) -> re.Pattern[str]:
    """Finds the sources in a prompt: the groups `number` and `label`. It is exact, since no text of
    a source holds a closing tag."""
    whole = re.escape(_SOURCE[language])
    for name, group in (("number", r"\d+"), ("label", '[^"\n]*'), ("text", "(?s:.*?)")):
        whole = whole.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{group})")
    return re.compile(whole)


def source_name(found: re.Match[str]) -> str:
    """The name of the document that a match of `source_pattern` is from."""
    return found["label"].split(_LABELS)[0]


def recent_turns(
    history: Sequence[Message], count_tokens: CountTokens, max_tokens: int
) -> tuple[Message, ...]:
    """The newest question–answer pairs that fit, oldest first."""
    pairs = [tuple(history[i : i + 2]) for i in range(0, len(history) - 1, 2)]
    kept: list[Message] = []
    for pair in reversed(pairs):
        turn = [Message(m.role, neutralise(m.content)) for m in pair]
        max_tokens -= count_tokens(render_chatml(turn, generation=False))
        if max_tokens < 0:
            break
        kept = turn + kept
    return tuple(kept)


def _cut(
    passage: Passage, max_tokens: int, count_tokens: CountTokens, language: Language
) -> Passage:
    """The passage up to the last whole sentence that fits."""
    end = 0
    for span in split_sentences(passage.text):
        shorter = replace(passage, text=passage.text[: span.end])
        if count_tokens(source_text(1, shorter, language)) > max_tokens:
            break
        end = span.end
    return replace(passage, text=passage.text[:end], end=passage.start + end)
