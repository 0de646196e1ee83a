"""Questions about a knowledge base itself, answered from the database with a plain list.

How many files it has and which, the chapters of one, when it was last updated. Which questions
those are says `base_questions.py`.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol

from app.rag.clock import Clock
from app.rag.events import AnswerEvent, Question, Stage, TextDelta
from app.rag.grounding.facts.numbers import numerals_as_digits
from app.rag.language import Language, language_of
from app.rag.types import Scope
from app.tasks.base_questions import AskedAboutBase, asked_about_base
from app.tasks.greeting import said_by_us


@dataclass(frozen=True, slots=True)
class ListedFile:
    """`updated_at`: when its present version was read, or came in."""

    id: str
    name: str
    title: str
    ready: bool
    updated_at: datetime


class Shelf(Protocol):
    """What is kept, as far as questions about it need it."""

    def files(self, scope: Scope) -> list[ListedFile]:
        """The present version of each file, by name."""

    def text(self, document_id: str) -> str:
        """What was read of a file."""


_MOST_LISTED = 50

# What files of one kind differ in: dates, numbers, editions.
_EDITION = re.compile(r"[\d\W_]+|[年月日版第]+(?![\u3400-\u9fff])|\bv(?:ersion)?\b")
_CHAPTER = re.compile(
    r"^[ \t]*(?P<name>第(?P<zh>[〇零一二三四五六七八九十百\d]{1,5})章(?![的所规中]).{0,40}"
    r"|chapter (?P<en>\d{1,3}|[ivx]{1,5})\b[^\n]{0,60})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_ENDS_A_SENTENCE = ("。", "；", "，", ".", ";", ",")

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "count": "所选知识库里有 {count} 份文件：",
        "files": "所选知识库里有 {count} 份文件：",
        "none": "所选知识库里还没有文件。",
        "more": "……以及另外 {count} 份",
        "unread": "（还不能检索）",
        "updated": "所选知识库最近一次更新是 {when}，文件是 {name}。",
        "named": "所选知识库里名为“{name}”的文件有 {count} 份：",
        "chapters": "{name} 有 {count} 章",
        "end": "。",
        "colon": "：",
    },
    "en": {
        "count": "There are {count} files in the selected knowledge bases:",
        "files": "There are {count} files in the selected knowledge bases:",
        "one": "There is 1 file in the selected knowledge bases:",
        "none": "There are no files in the selected knowledge bases yet.",
        "more": "… and {count} more",
        "unread": " (cannot be searched yet)",
        "updated": "The selected knowledge bases were last updated on {when}, with {name}.",
        "named": "There are {count} files named “{name}” in the selected knowledge bases:",
        "chapters": "{name} has {count} chapters",
        "end": ".",
        "colon": ":",
    },
}


@dataclass(frozen=True, slots=True)
class AboutBase:
    shelf: Shelf

    async def answers(self, question: Question) -> str:
        """What is said of the base; empty where the question is not about it."""
        asked = asked_about_base(question.text)
        if asked is None:
            return ""
        return await asyncio.to_thread(self._said, asked, question)

    async def stream(self, said: str) -> AsyncGenerator[AnswerEvent, None]:
        clock = Clock()
        yield Stage("searching")
        yield TextDelta(said, "")
        yield said_by_us(said, "listed", clock)

    def _said(self, asked: AskedAboutBase, question: Question) -> str:
        files = self.shelf.files(question.scope)
        words = _WORDS[language_of(question.text)]
        if asked.topic == "named":
            files = [file for file in files if _without_edition(file.name) == _key(asked.name)]
            if len(files) < 2:  # one such file says nothing of how many there are
                return ""
        if asked.topic == "chapters":
            return self._chapters(files, asked, words)
        if not files:
            return words["none"]
        if asked.topic == "updated":
            newest = max(files, key=lambda file: file.updated_at)
            when = newest.updated_at.astimezone().strftime("%Y-%m-%d %H:%M")
            return words["updated"].format(when=when, name=_safe(newest.name))
        head = words.get("one", words["count"]) if len(files) == 1 else words[asked.topic]
        return _list(head.format(count=len(files), name=asked.name), files, words)

    def _chapters(
        self, files: Sequence[ListedFile], asked: AskedAboutBase, words: dict[str, str]
    ) -> str:
        """Of the one file of that name; empty where there is none, or it has no chapters."""
        named = [file for file in files if _key(asked.name) in _names(file)]
        if len(named) != 1:
            return ""
        found = chapters_in(self.shelf.text(named[0].id))
        if not found:
            return ""
        said = words["chapters"].format(name=_safe(named[0].name), count=len(found))
        if asked.only_number:
            return said + words["end"]
        return "\n".join([said + words["colon"], "", *(f"- {_safe(each)}" for each in found)])


def chapters_in(text: str) -> list[str]:
    """The lines that are headings of chapters, each number once, also where a table of contents
    names them as well. Empty where they are not numbered from one on: some would be missing."""
    found: dict[int, str] = {}
    for line in _CHAPTER.finditer(text):
        if not line["name"].endswith(_ENDS_A_SENTENCE):
            found.setdefault(_number(line["zh"] or line["en"]), line["name"].strip())
    return [found[n] for n in sorted(found)] if set(found) == {*range(1, len(found) + 1)} else []


def _number(written: str) -> int:
    roman = {"i": 1, "v": 5, "x": 10}
    if written[0].casefold() in roman:
        values = [roman[char] for char in written.casefold()]
        pairs = zip(values, [*values[1:], 0], strict=True)
        return sum(-value if value < after else value for value, after in pairs)
    digits = numerals_as_digits(written)
    return int(digits) if digits.isdecimal() else 0


def _list(head: str, files: Sequence[ListedFile], words: dict[str, str]) -> str:
    shown = [f"- {_safe(f.name)}{'' if f.ready else words['unread']}" for f in files[:_MOST_LISTED]]
    if len(files) > _MOST_LISTED:
        shown.append(f"- {words['more'].format(count=len(files) - _MOST_LISTED)}")
    return "\n".join([head, "", *shown])


def _names(file: ListedFile) -> set[str]:
    return {_key(file.name), _key(_stem(file.name)), _key(file.title), _without_edition(file.name)}


def _without_edition(name: str) -> str:
    return _key(_EDITION.sub("", _stem(name).casefold()))


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _safe(name: str) -> str:
    """So that a name with marks is not taken for Markdown."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(name.split()))
