"""What lines of plain text are: chapter headings, captions, one paragraph wrapped at a margin."""

import re

# 第三章 …, 第 12 条 (alone on its line), Chapter 4 …
_CHAPTER = re.compile(
    r"(?:第[ ]?[〇零一二三四五六七八九十百千\d]{1,6}[ ]?[编篇部卷章节回][ \u3000:：]?.{0,40}"
    r"|(?:Chapter|CHAPTER|Part|PART|Section) [\dIVXLC]+\b.{0,60})"
)
_SENTENCE_STOP = tuple("。！？!?.…”」")
_NOT_AFTER_CAPTION = tuple("。！？!?.…；;：:，,、”」』")
_MAX_CAPTION_CHARACTERS = 20
_SENTENCE_END = tuple("。！？!?…；;：:”」』)）")


def is_caption(line: str, following: str) -> bool:
    """A short line without a stop above a long one that has its stop: a heading in all but name."""
    line, following = line.strip(), following.strip()
    return (
        1 < len(line) <= _MAX_CAPTION_CHARACTERS
        and not line.endswith(_NOT_AFTER_CAPTION)
        and line[0].isalnum()
        and len(following) >= 2 * _MAX_CAPTION_CHARACTERS
        and following.endswith(_SENTENCE_STOP)
    )


def is_chapter(line: str) -> bool:
    line = line.strip()
    return bool(_CHAPTER.fullmatch(line)) and not line.endswith(_SENTENCE_END)


def is_wrapped(lines: list[str]) -> bool:
    """Whether the lines are one paragraph broken at a margin, not lines of their own.

    Of two lines or more, all but the last are about equally long and most end in mid-sentence.
    """
    body = lines[:-1]
    widths = sorted(len(line) for line in body)
    longest = max(widths[-1], len(lines[-1]))
    if not 20 <= longest <= 160 or widths[len(widths) // 2] < 0.75 * longest:
        return False
    ended = sum(line.rstrip().endswith((*_SENTENCE_END, ".")) for line in body)
    indented = sum(line.startswith(("\u3000", "    ", "\t")) for line in lines[1:])
    return ended <= len(body) / 2 and indented <= len(lines) / 4
