"""Mends text before blocks are measured, so that every span holds by construction."""

import re
import unicodedata

from ingest.radicals import has_radicals, without_radicals

# Control characters but tab and newline; soft hyphen; zero-width and direction marks; BOM;
# noncharacters (PDFs put U+FFFE where a word was hyphenated); lone surrogates.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
# A joiner has a meaning between Indic or Arabic letters and inside emoji; elsewhere it is junk.
_STRAY_JOINER = re.compile("(?<=[\x00-\u02ff\u2e80-\ud7ff\uf900-\uffef])[\u200c\u200d]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")
# The look behind keeps these linear on long runs of spaces: one try a run.
_SPACE_BEFORE_LINE_END = re.compile("(?<![ \t\u3000])[ \t\u3000]++(?=\n)")
_BLANK_LINES = re.compile("\n{3,}")

CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
_WIDE = f"[{CJK}\u3000-\u303f\uff00-\uffef\u2018\u2019\u201c\u201d\u2026\u2014]"
_WRAPPED_CJK = re.compile(f"(?<={_WIDE})[ \t]*+\n[ \t]*(?={_WIDE})")
_WRAP = re.compile("(?<![ \t])[ \t]*+\n[ \t]*")


def clean(text: str) -> str:
    """NFC, `\\n` line ends, no control or invisible characters, at most one blank line running.

    Not NFKC: what is stored and cited keeps its full-width forms and superscripts.
    """
    if text.isascii() and text.isprintable():
        return text
    if text.isprintable() and not has_radicals(text) and unicodedata.is_normalized("NFC", text):
        return text  # most table cells and lines; nothing unprintable, so nothing to mend
    return _BLANK_LINES.sub("\n\n", _SPACE_BEFORE_LINE_END.sub("", legible(text)))


def legible(text: str) -> str:
    """The same, with all spaces at line ends, which mean something in Markdown."""
    text = _LINE_END.sub("\n", text)
    text = _STRAY_JOINER.sub("", _JUNK.sub("", text))
    return unicodedata.normalize("NFC", _ODD_SPACE.sub(" ", without_radicals(text)))


def unwrap(text: str) -> str:
    """One line of a wrapped paragraph: no space where CJK meets CJK, one space elsewhere."""
    return _WRAP.sub(" ", _WRAPPED_CJK.sub("", text)).strip()


def one_line(text: str) -> str:
    """`text` with every run of white space as a single space; for cells, headings and titles."""
    return " ".join(text.split())
