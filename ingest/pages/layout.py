"""Lines to blocks: paragraphs and headings by place and type size, joined over page ends."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ingest.clean import clean, unwrap
from ingest.pages.lines import Line
from ingest.pages.page_tables import TableParts
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.captions import is_chapter
from ingest.parsing.placement import PlacedText
from ingest.types import BlockKind

_SENTENCE_END = tuple(".。!！?？:：;；”」")
_LIST_MARK = re.compile(
    r"[•●○▪■◆◦‣·–-]\s?\S|\(?\d{1,3}[.)、]\s?\D|[(（]?[一二三四五六七八九十]{1,3}[)）、]"
    r"|第[〇零一二三四五六七八九十百千\d]+[条款章节]"
)
# `label: value`, as forms have them line by line
_LABEL = re.compile(
    r"[^\s：:，。,;；、（(]{1,12}(?:[ \u3000]{1,4}[^\s：:，。,;；]{1,12}){0,3}[：:](?!//)"
)
_CJK_END = re.compile(r"[\u3400-\u9fff\u3001-\u303f\uff00-\uffef]$")
_CJK_START = re.compile(r"[\u3400-\u9fff]")
_HEADING_SCALE = 1.12  # of the body's type size
_MAX_HEADING_CHARACTERS = 120
_MAX_HEADING_LEVELS = 4
_PARAGRAPH_PITCH = 1.4  # of the usual distance between lines
_SHORT_LINE = 0.85  # of the page's widest
_MIN_RUNNING_WIDTH = 14  # type sizes: shorter lines are not wrapped
_FIRST_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
_MARK = re.compile(r"[，。；：、！？]")
_SEVERAL_MARKS = 3
_INDENT = 2.5  # characters by which the first line of a paragraph may stand in
_MIN_WRAPPED = 3  # lines that end at about the same place before they are taken for wrapped
_ROOM = 1.5  # characters that a wrapped line may leave free beside the next word
_HYPHEN_AT_END = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


@dataclass(slots=True)
class _Paragraph:
    """`parts` are `(page, text)`: more than one where it runs over a page end. `lines` are those
    that it is joined from."""

    level: int
    parts: list[tuple[int, str]] = field(default_factory=list)
    lines: list[PlacedText] = field(default_factory=list)
    table: Line | None = None  # a table instead
    whole: TableParts | None = None  # of which it is a part


@dataclass(frozen=True, slots=True)
class _Layout:
    """Of one page, in points; 0 where unknown."""

    pitch: float  # the usual distance from one line to the next
    width: float  # of the widest line
    ended: frozenset[int]  # indices of lines that were not wrapped, in a scan
    edges: tuple[tuple[float, float], ...]  # left and right of each line of text


def add_pages(builder: DocumentBuilder, pages: list[list[Line]]) -> None:
    """Add the lines of every page, pages counted from 1."""
    page = 0
    for paragraph in _paragraphs(pages):
        while page < paragraph.parts[0][0]:
            page += 1
            builder.page(page)
        if paragraph.table is not None and paragraph.whole is not None:
            paragraph.whole.add(builder, paragraph.table)
            continue
        kind = BlockKind.HEADING if paragraph.level else BlockKind.PARAGRAPH
        text = _joined(paragraph.parts)
        builder.add(kind, text, level=paragraph.level, lines=paragraph.lines)
        for number, (later, _) in enumerate(paragraph.parts[1:], start=1):
            rest = _joined(paragraph.parts[number:])
            page = later
            builder.page(page, back=len(clean(rest)))
    for blank in range(page + 1, len(pages) + 1):
        builder.page(blank)


def _joined(parts: list[tuple[int, str]]) -> str:
    return unwrap(_HYPHEN_AT_END.sub("", "\n".join(text for _, text in parts)))


def _paragraphs(pages: list[list[Line]]) -> list[_Paragraph]:
    levels = _heading_levels(pages)
    found: list[_Paragraph] = []
    previous: Line | None = None
    for number, page in enumerate(pages, start=1):
        layout = _layout(page)
        for index, line in enumerate(page):
            if line.rows:
                found.append(_table(line, number, found))
                previous = None
                continue
            level = _level(line, levels)
            placed = PlacedText(number, line.text, line.box)
            fresh = _Paragraph(level, [(number, line.text)], [placed])
            if previous is None or level != found[-1].level:
                found.append(fresh)
            elif found[-1].parts[-1][0] != number and bool(previous.size) != bool(line.size):
                found.append(fresh)  # a page of text and a scan
            elif found[-1].parts[-1][0] != number:
                _turn_page(found, fresh, previous, line, width=_layout(pages[number - 2]).width)
            elif index - 1 in layout.ended or _begins(line, previous, level, layout):
                found.append(fresh)
            else:
                text = found[-1].parts[-1][1] + _glue(previous, line) + line.text
                found[-1].parts[-1] = (number, text)
                found[-1].lines.append(placed)
            previous = line
    return found


def _glue(previous: Line, line: Line) -> str:
    """A hyphen at a line's end goes where it parts a word, and stays in QX-2041."""
    if not previous.hyphenated:
        return "\n"
    return "" if previous.text[-1:].islower() and line.text[:1].islower() else "-"


def _table(table: Line, page: int, found: list[_Paragraph]) -> _Paragraph:
    whole = found[-1].whole if found else None
    if whole is None or not whole.takes(table, page):
        whole = TableParts([table], page)
    return _Paragraph(0, [(page, table.text)], [], table, whole)


def _turn_page(
    found: list[_Paragraph], fresh: _Paragraph, previous: Line, line: Line, *, width: float
) -> None:
    """A paragraph goes on over the page's end unless its last sentence or its line has ended.
    `width` is that of the widest line on the page before."""
    ended = previous.text.endswith(_SENTENCE_END)
    goes_on = previous.hyphenated or previous.text.endswith("-") or line.text[:1].islower()
    short = _is_short(previous, max(width, _MIN_RUNNING_WIDTH * previous.size))
    ended = ended or (short and not goes_on)
    if fresh.level or ended or _LIST_MARK.match(line.text) or _LABEL.match(line.text):
        found.append(fresh)
    else:
        found[-1].parts += fresh.parts
        found[-1].lines += fresh.lines


def _is_short(line: Line, width: float) -> bool:
    return line.right - line.left < _SHORT_LINE * width


def _begins(line: Line, previous: Line, level: int, layout: _Layout) -> bool:
    """Whether `line` begins a new paragraph on the page that `previous` is on."""
    if previous.hyphenated:
        return False
    step = previous.bottom - line.bottom
    if level:
        return step > 2.5 * line.size
    if _LIST_MARK.match(line.text) or (
        _LABEL.match(line.text)
        and (_LABEL.match(previous.text) or _is_short(previous, layout.width))
    ):
        return True
    if _had_room(previous, line, layout):
        return True
    ended = previous.text.endswith(_SENTENCE_END)
    if step < -line.size:  # up to the next column
        return ended
    short = _is_short(previous, layout.width)
    indented = line.left - previous.left > line.size > 0
    return step > _PARAGRAPH_PITCH * layout.pitch > 0 or (ended and (short or indented))


def _had_room(previous: Line, line: Line, layout: _Layout) -> bool:
    """Chinese is wrapped anywhere: where it follows Chinese that ends well before the edge of other
    lines with the same left side, the line was meant to end."""
    if not (previous.size and line.size and _CJK_END.search(previous.text)):
        return False
    near = _INDENT * previous.size
    if not _CJK_START.match(line.text) or abs(line.left - previous.left) > near:
        return False
    edges = [right for left, right in layout.edges if abs(left - previous.left) <= near]
    if previous.right >= max(edges) - near:
        return False
    alike = sum(abs(right - previous.right) <= _ROOM * previous.size for right in edges)
    running = previous.right - previous.left >= _MIN_RUNNING_WIDTH * previous.size
    prose = _MARK.search(previous.text + line.text) is not None and not _are_records(previous, line)
    return not (running and prose and alike >= _MIN_WRAPPED)  # in a column, or beside a picture


def _are_records(previous: Line, line: Line) -> bool:
    """Entries of a list, with the same marks at the same places or several of them."""
    one, other = ([(m[0], m.start()) for m in _MARK.finditer(at.text)] for at in (previous, line))
    alike = [mark for mark, _ in one] == [mark for mark, _ in other]
    return one == other or (alike and len(one) >= _SEVERAL_MARKS)


def _layout(page: list[Line]) -> _Layout:
    steps = [above.bottom - below.bottom for above, below in pairwise(page)]
    steps = [step for step in steps if step > 1]
    width = max((line.right - line.left for line in page), default=0.0)
    edges = tuple((line.left, line.right) for line in page if not line.rows)
    return _Layout(median(steps) if steps else 0.0, width, frozenset(_not_wrapped(page)), edges)


def _not_wrapped(page: list[Line]) -> Iterator[int]:
    """Lines of a scan behind which the next one's first word had room: of a form, or a list without
    marks. Where a single line reaches the margin, others that don't are lines of their own, too.

    Only of scans, and of what was typed onto a page: there no type size tells lines apart, and full
    stops are missing.
    """
    for run in filter(None, _runs(page)):
        lines = [page[index] for index in run]
        letter = median((line.right - line.left) / len(line.text) for line in lines)
        room = [max(line.right for line in lines) - line.right for line in lines]
        wide = [_FIRST_WORD.match(line.text) for line in lines[1:]]
        needed = [letter * (len(word[0]) if word else 1) for word in wide]
        ended = [free > word + _ROOM * letter for free, word in zip(room, needed, strict=False)]
        alone = any(ended) and sum(free <= _ROOM * letter for free in room) == 1
        for index, free, is_ended in zip(run, room, ended, strict=False):
            if is_ended or (alone and free > _ROOM * letter):
                yield index


def _runs(page: list[Line]) -> Iterator[list[int]]:
    """Indices of a scan's lines under each other with about the same left edge."""
    run: list[int] = []
    for index, line in enumerate(page):
        if line.rows or line.size or line.right <= line.left or not line.text:
            yield run
            run = []
            continue
        letter = (line.right - line.left) / len(line.text)
        if run and abs(line.left - page[run[-1]].left) > _INDENT * letter:
            yield run
            run = []
        run.append(index)
    yield run


def _heading_levels(pages: list[list[Line]]) -> dict[float, int]:
    """Type sizes of headings with their levels, the largest being 1."""
    weight: Counter[float] = Counter()
    for page in pages:
        for line in page:
            weight[line.size] += len(line.text)
    body = weight.most_common(1)[0][0] if weight else 0.0
    larger = sorted((size for size in weight if size > body * _HEADING_SCALE > 0), reverse=True)
    return {size: min(rank, _MAX_HEADING_LEVELS) for rank, size in enumerate(larger, start=1)}


def _level(line: Line, levels: dict[float, int]) -> int:
    if len(line.text) > _MAX_HEADING_CHARACTERS or not any(c.isalpha() for c in line.text):
        return 0
    if len(line.text) > 3 and line.right - line.left < 0.15 * line.size * len(line.text):
        return 0  # set upright in the margin
    if line.size in levels:
        return levels[line.size]
    if line.bold and line.text[0].isalnum() and not line.text.endswith(_SENTENCE_END):
        return min(len(levels) + 2, 6)
    return 1 if not levels and is_chapter(line.text) else 0
