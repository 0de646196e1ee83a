"""Lexical terms of Chinese and English text, for full-text indexes that split at spaces.

Runs of CJK characters give every character and every pair of neighbours, words and numbers give
themselves, English words their stem too: no dictionary. Traditional characters are folded into
simplified ones, so either script finds the other. All terms are letters and digits only, safe as
tokens and inside a quoted query of SQLite FTS5 and PostgreSQL.
"""

import re
import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from ingest.radicals import without_radicals

if TYPE_CHECKING:
    from Stemmer import Stemmer

_of_thread = threading.local()
_MAX_TERM_CHARACTERS = 64  # longer ones are hashes and encoded data
_MAX_QUERY_TERMS = 512

# Assigned characters only: full-text tokenizers take the others for separators.
_CJK = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufa6d\ufa70-\ufad9\U00020000-\U0002a6df"
    "\U0002a700-\U0002b738\U0002b740-\U0002b81d\U0002b820-\U0002cea1\U0002ceb0-\U0002ebe0"
    "\U00030000-\U0003134a"
)
_LETTER = f"[^\\W_{_CJK}]"
_TOKEN = re.compile(
    f"([{_CJK}]+)"  # 1: a run of CJK
    r"|(\d+(?:[.,]\d+){1,8}+)(?![^\W_])"  # 2: 3.5, 1,000, 1.2.3
    f"|({_LETTER}+(?:[-_.'’/&]{_LETTER}+)+)"  # 3: a-b, gpt-4.1, don't, snake_case
    f"|({_LETTER}+)"  # 4: words and numbers
)
_INSIDE = re.compile(r"[-_.'’/&]")
# What a Chinese question asks with and how it is put together: no text answers by holding it.
_ASKING = re.compile(
    r"请问|什么(?:时候|地方|样)?|谁|哪(?!吒)(?:一?[个些里儿位种年月天]|一)?|为何|何[时地处人种]|如何"
    r"|怎(?:么样?|样)|多(?:少|大|长|高|远|久|重|深|快)|(?<!茶)几(?![何内乎])|吗(?!啡)|呢(?!绒)"
    r"|是否|有没有|是不是|能不能|可不可以|[的是了在有和与]"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def terms(text: str) -> list[str]:
    """Terms in the order of the text, repetitions included, NFKC-normalised and case-folded.

    `3.5` becomes `3d5` so that it is one term and not `35`; `1,000` is `1000`; `a-b` gives its
    parts and `ab`, so that `e-mail` finds `email` and the other way round.
    """
    return _split(_fold(text))


def query_terms(text: str) -> list[str]:
    """The distinct terms of a query in order, 512 at most. Empty for punctuation.

    Left out is what only asks, 哪个 and 的: in a small index hardly any text has such a pair of
    characters, so that it would count like a rare word. Where nothing else is there, it stays.
    """
    folded = _fold(text[: 8 * _MAX_QUERY_TERMS])
    found = _split(_ASKING.sub(" ", folded)) or _split(folded)
    return list(dict.fromkeys(found))[:_MAX_QUERY_TERMS]


def without_asking(question: str) -> str:
    """Folded, without what only asks."""
    return _ASKING.sub(" ", _fold(question))


def _split(folded: str) -> list[str]:
    found: list[str] = []
    for cjk, number, compound, word in _TOKEN.findall(folded):
        if cjk:
            found.extend(cjk)
            found.extend(map(str.__add__, cjk, cjk[1:]))
        elif word:
            found.append(word[:_MAX_TERM_CHARACTERS])
            found.extend(_stem(word))
        elif number:
            found.append(_number(number)[:_MAX_TERM_CHARACTERS])
        else:
            parts = _INSIDE.split(compound)
            found.extend(part[:_MAX_TERM_CHARACTERS] for part in parts)
            found.append("".join(parts)[:_MAX_TERM_CHARACTERS])
    return found


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", without_radicals(text)).casefold().translate(_simplified())


@cache
def _simplified() -> dict[int, str]:
    """Simplified characters of traditional ones, so that either script finds the other."""
    from opencc import OpenCC

    traditional = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    # One on a line: in a row they could be taken for words, whose characters go other ways.
    simplified = OpenCC("t2s").convert("\n".join(traditional)).split("\n")
    pairs = zip(traditional, simplified, strict=True)
    return {ord(old): new for old, new in pairs if new != old and len(new) == 1}


def _stem(word: str) -> list[str]:
    """The stem of an English word beside the word itself, so that sensors finds sensor and an
    exact match still counts for more. Porter2: https://snowballstem.org."""
    if not (word.isascii() and word.isalpha()):
        return []
    stem = _stemmer().stemWord(word[:_MAX_TERM_CHARACTERS])
    return [stem] if stem != word else []


def _stemmer() -> "Stemmer":
    """One for each thread: it keeps what it has stemmed, and is not safe to share."""
    if not hasattr(_of_thread, "stemmer"):
        from Stemmer import Stemmer

        _of_thread.stemmer = Stemmer("english")
    stemmer: Stemmer = _of_thread.stemmer
    return stemmer


def _number(number: str) -> str:
    if _THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    return number.replace(".", "d").replace(",", "d")
