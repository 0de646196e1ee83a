"""Page headers and footers of a Word document, each once where its section begins or ends."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

from ingest.word.xml import R, W, is_on

if TYPE_CHECKING:
    from lxml.etree import _Element

_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
# What is left of a page number without its figures: 第 页 共 页, Page of.
_PAGE_WORDS = re.compile(r"(?:[第页頁共总總码碼计計\s,，/|\-–—()（）·:：]|page|of)*", re.IGNORECASE)

PartOf = Callable[[str], "_Element | None"]  # a header's or footer's root by relationship id


def add_headers_and_footers(body: "_Element", part_of: PartOf, *, even_pages: bool) -> None:
    """Move the blocks of headers before their section's and those of footers behind them."""
    seen: set[str] = set()
    first: _Element | None = body[0] if len(body) else None
    for section in list(body.iter(f"{W}sectPr")):
        end = _end_of(section, body)
        if end is None:
            continue
        head = list(_blocks(section, "header", part_of, seen, even_pages))
        foot = list(_blocks(section, "footer", part_of, seen, even_pages))
        following = end.getnext()
        for block in head:
            (first if first is not None else end).addprevious(block)
        if end.tag == f"{W}sectPr":
            for block in foot:
                end.addprevious(block)
        else:
            for block in reversed(foot):
                end.addnext(block)
        first = following


def _end_of(section: "_Element", body: "_Element") -> "_Element | None":
    """The block of the body that ends the section: its last paragraph, or the properties."""
    above = section
    while (parent := above.getparent()) is not None:
        if parent is body:
            return above
        above = parent
    return None


def _blocks(
    section: "_Element", kind: str, part_of: PartOf, seen: set[str], even_pages: bool
) -> Iterator["_Element"]:
    wanted = {"default"}
    if is_on(section.find(f"{W}titlePg")):
        wanted.add("first")
    if even_pages:
        wanted.add("even")
    for reference in section.iterfind(f"{W}{kind}Reference"):
        if reference.get(f"{W}type", "default") not in wanted:
            continue
        root = part_of(reference.get(f"{R}id", ""))
        for block in root if root is not None else ():
            made = deepcopy(block)
            _drop_page_numbers(made)
            text = "".join("".join(t.text or "" for t in made.iter(f"{W}t")).split())
            if not _PAGE_WORDS.fullmatch(text) and text not in seen:
                seen.add(text)
                yield made


def _drop_page_numbers(block: "_Element") -> None:
    for simple in list(block.iter(f"{W}fldSimple")):
        if _PAGE_FIELD.match(simple.get(f"{W}instr", "")):
            simple.getparent().remove(simple)
    for paragraph in block.iter(f"{W}p"):
        if _blank_fields(paragraph):
            _drop_page_words(paragraph)


def _blank_fields(paragraph: "_Element") -> bool:
    """Empty the results of page number fields; whether there was any."""
    instruction, separated, found = "", False, False
    for element in paragraph.iter(f"{W}fldChar", f"{W}instrText", f"{W}t"):
        kind = element.get(f"{W}fldCharType", "")
        if kind == "begin":
            instruction, separated = "", False
        elif kind == "separate":
            separated = True
        elif kind == "end":
            instruction, separated = "", False
        elif element.tag == f"{W}instrText":
            instruction += element.text or ""
            found = found or bool(_PAGE_FIELD.match(instruction))
        elif separated and _PAGE_FIELD.match(instruction):
            element.text = ""
    return found


def _drop_page_words(paragraph: "_Element") -> None:
    """Empty the runs that hold nothing but the words around a page number."""
    for text in paragraph.iter(f"{W}t"):
        if _PAGE_WORDS.fullmatch(text.text or ""):
            text.text = " "
