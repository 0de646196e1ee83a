"""Running headers and footers: what repeats with nothing but the page number changing.

Of these the first stays, so that the document says once what every page says. Where pages are
records of their own, one certificate or invoice on each, what repeats belongs to each record and
all of it stays.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from ingest.pages.layout import add_pages
from ingest.pages.lines import Line, Page
from ingest.parsing.builder import DocumentBuilder

_EDGE_LINES = 2  # at the top and the bottom of a page where running titles stand
_NUMBER = re.compile(r"\d+")
# A page number that says so; others must count with the pages.
_WORDED = re.compile(
    r"[-–—\s]*(?:第\s*\d+\s*[页頁](?:\s*[,，/／·|]?\s*[共总總]\s*计?\s*\d+\s*[页頁])?"
    r"|[共总總]\s*\d+\s*[页頁]\s*[,，/／·|]?\s*第\s*\d+\s*[页頁]"
    r"|(?:Page|Seite|P\.)\s*\d{1,4}(?:\s*(?:/|of|von)\s*\d{1,4})?)[-–—\s]*",
    re.IGNORECASE,
)
_BARE = re.compile(r"[-–—\s]*\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?[-–—\s]*")
_BEFORE_PAGE = re.compile(r"(?:第|page|seite|p\.|\s[-–—|·])\s*$", re.IGNORECASE)
_AFTER_PAGE = re.compile(r"\s*(?:[页頁]|\s[-–—|·]\s|(?:/|of|von)\s*\d+\s*$)", re.IGNORECASE)
_MAX_PAGE_DIGITS = 4
_MIN_PAGES = 3
_MIN_COVERED = 0.8  # of the pages from the first occurrence to the last
_MIN_CHAPTER_PAGES = 4
_MIN_TITLE_CHARACTERS = 6


class _Edge(NamedTuple):
    page: int  # counted from 1
    line: Line


def add_flowing_pages(builder: DocumentBuilder, pages: Sequence[Page]) -> None:
    """Add the pages without running lines, and note in the report how many were left out."""
    lines = [page.lines for page in pages]
    kept = without_running_lines(lines)
    if dropped := sum(map(len, lines)) - sum(map(len, kept)):
        builder.notice("running_lines", count=dropped)
    if comments := sum(page.comments for page in pages):
        builder.notice("comments", count=comments)
    builder.placement.views.update(enumerate((page.view for page in pages), start=1))
    add_pages(builder, kept)


def without_running_lines(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop page numbers, and running lines after their first occurrence. Tables stay."""
    if len(pages) < 2:
        return pages
    groups: dict[str, list[_Edge]] = defaultdict(list)
    for number, page in enumerate(pages, start=1):
        for line in {id(line): line for line in page[:_EDGE_LINES] + page[-_EDGE_LINES:]}.values():
            if not line.rows:
                groups[_NUMBER.sub("#", line.text)].append(_Edge(number, line))
    dropped = _page_numbers(groups)
    if not _are_records(groups, len(pages), dropped):
        for group in groups.values():
            if _is_running(group, len(pages)):
                dropped |= {id(edge.line) for edge in group[1:]}
    kept = [[line for line in page if id(line) not in dropped] for page in pages]
    return kept if any(kept) else pages


def _page_numbers(groups: dict[str, list[_Edge]]) -> set[int]:
    """Ids of lines that are page numbers and nothing else."""
    found: set[int] = set()
    bare: list[tuple[int, Line]] = []  # how far the number is from the page's, the line
    for group in groups.values():
        for page, line in group:
            if _WORDED.fullmatch(line.text):
                found.add(id(line))
            elif _BARE.fullmatch(line.text):
                bare.append((int(_NUMBER.findall(line.text)[0]) - page, line))
    offsets = Counter(offset for offset, _ in bare)
    usual, count = offsets.most_common(1)[0] if offsets else (0, 0)
    if count > 1:
        found |= {id(line) for offset, line in bare if offset == usual}
    return found


def _are_records(groups: dict[str, list[_Edge]], pages: int, page_numbers: set[int]) -> bool:
    """Whether a number that is no page number differs on most pages, in the same words."""
    for group in groups.values():
        if any(id(edge.line) in page_numbers for edge in group):
            continue
        texts = {edge.line.text for edge in group}
        often = len({edge.page for edge in group}) >= max(2, pages / 2)
        if often and len(texts) > len(group) / 2 and not _only_page_changes(group):
            return True
    return False


def _is_running(group: list[_Edge], pages: int) -> bool:
    """On nearly every page, every other page, or the pages of a chapter."""
    numbers = sorted({edge.page for edge in group})
    if len(numbers) < _MIN_PAGES or not _only_page_changes(group):
        return False
    step = 2 if all(number % 2 == numbers[0] % 2 for number in numbers) else 1
    stretch = (numbers[-1] - numbers[0]) / step + 1
    if len(numbers) < _MIN_COVERED * stretch:
        return False
    whole = len(numbers) * step >= _MIN_COVERED * (pages - 1)
    text = group[0].line.text
    return whole or (len(numbers) >= _MIN_CHAPTER_PAGES and ":" not in text and "：" not in text)


def _only_page_changes(group: list[_Edge]) -> bool:
    """Whether all numbers in the lines stay the same, or count with the pages as page numbers."""
    rows = [[int(number) for number in _NUMBER.findall(edge.line.text)] for edge in group]
    for slot in range(len(rows[0])):
        values = {row[slot] for row in rows}
        if len(values) == 1:
            continue
        offsets = {row[slot] - edge.page for row, edge in zip(rows, group, strict=True)}
        if len(offsets) > 1 or not _reads_as_page(group[0], slot):
            return False
    return True


def _reads_as_page(edge: _Edge, slot: int) -> bool:
    """Whether the number at `slot` is written as a page number is: `第 3 页`, `| 3`, or the page's
    own number at an end of a longer title."""
    text = edge.line.text
    number = list(_NUMBER.finditer(text))[slot]
    before, after = text[: number.start()], text[number.end() :]
    if number[0].startswith("0") or len(number[0]) > _MAX_PAGE_DIGITS:
        return False
    if _BEFORE_PAGE.search(before) or _AFTER_PAGE.match(after):
        return True
    at_end = (not before.strip() and after[:1].isspace()) or (
        not after.strip() and before[-1:].isspace() and before.rstrip()[-1:] not in ".:：#"
    )
    rest = (before + after).strip()
    return at_end and int(number[0]) == edge.page and len(rest) >= _MIN_TITLE_CHARACTERS
