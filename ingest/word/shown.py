"""Takes out what Word does not show, and joins the paragraphs that it shows as one."""

import re
from collections.abc import Set
from copy import deepcopy
from typing import TYPE_CHECKING

from ingest.word.xml import W, is_on, value

if TYPE_CHECKING:
    from lxml.etree import _Element


# What stands between paragraphs and shows nothing: ends of bookmarks, comments, moved text.
_MARKER = re.compile(rf"{re.escape(W)}(?:proofErr|perm(?:Start|End)|\w+(?:Start|End))")
_MARKS = ("vanish", "strike", "dstrike")
_PROMPT_STYLE = "placeholder text"  # the style's name in Word of every language


def drop_hidden(root: "_Element") -> int:
    """Take out runs that are formatted as hidden; how many of them held text."""
    count = 0
    for mark in list(root.iter(f"{W}vanish")):
        properties = mark.getparent()
        run = properties.getparent() if properties is not None else None
        if is_on(mark) and run is not None and run.tag == f"{W}r":
            count += any((text.text or "").strip() for text in run.iterfind(f"{W}t"))
            _remove(run)
    return count


def drop_struck(root: "_Element") -> int:
    """Take the text out of runs that are struck through, whose figures would run into those behind
    them; how many there were."""
    count = 0
    for mark in root.iter(f"{W}strike", f"{W}dstrike"):
        properties = mark.getparent()
        run = properties.getparent() if properties is not None else None
        if is_on(mark) and run is not None and run.tag == f"{W}r":
            texts = list(run.iterfind(f"{W}t"))
            count += any((text.text or "").strip() for text in texts)
            for text in texts:
                text.text = ""
    return count


def write_style_marks(root: "_Element", styles: "_Element") -> None:
    """What a character style hides or strikes through, as marks of the runs that have it."""
    marks = {
        style.get(f"{W}styleId", ""): found
        for style in styles.iterfind(f"{W}style")
        if (found := [mark for name in _MARKS if is_on(mark := style.find(f"{W}rPr/{W}{name}"))])
    }
    for style in list(root.iter(f"{W}rStyle")) if marks else ():
        properties = style.getparent()
        for mark in marks.get(value(style), ()):
            if properties is not None and properties.find(mark.tag) is None:
                properties.append(deepcopy(mark))


def prompt_styles(styles: "_Element") -> set[str]:
    """Ids of the styles in which Word writes what an empty content control asks for."""
    return {
        style.get(f"{W}styleId", "")
        for style in styles.iterfind(f"{W}style")
        if value(style.find(f"{W}name")).lower() == _PROMPT_STYLE
    }


def drop_prompts(root: "_Element", styles: Set[str]) -> int:
    """Empty content controls that only ask to be filled in: Click or tap here to enter text. Where
    a program has filled one in, its text is in no style of `styles`. Returns how many there were.
    """
    count = 0
    for prompt in root.iter(f"{W}showingPlcHdr"):
        control = next(prompt.iterancestors(f"{W}sdt"), None)
        if control is None or not is_on(prompt):
            continue
        found = False
        for style in control.iterfind(f"{W}sdtContent//{W}r/{W}rPr/{W}rStyle"):
            run = next(style.iterancestors(f"{W}r"))
            if value(style) in styles:
                for text in run.iterfind(f"{W}t"):
                    found = found or bool((text.text or "").strip())
                    text.text = ""
        count += found
    return count


def join_paragraphs(root: "_Element") -> None:
    """A dropped initial with the paragraph that it begins, and a paragraph whose mark is deleted
    with the one behind it. Many that follow each other are moved once."""
    joined: set[_Element] = set()
    for paragraph in list(root.iter(f"{W}p")):
        if paragraph in joined:
            continue
        run = [paragraph]
        while _goes_on(run[-1]) and (following := _following(run[-1])) is not None:
            run.append(following)
        joined.update(run)
        _join(run[:-1], run[-1])


def _following(paragraph: "_Element") -> "_Element | None":
    """The paragraph behind this one, with nothing shown between them."""
    following = paragraph.getnext()
    while following is not None and _MARKER.fullmatch(str(following.tag)):
        following = following.getnext()
    return following if following is not None and following.tag == f"{W}p" else None


def _join(run: "list[_Element]", last: "_Element") -> None:
    properties = last.find(f"{W}pPr")
    at = 0 if properties is None else last.index(properties) + 1
    for child in reversed([child for paragraph in run for child in _content(paragraph)]):
        last.insert(at, child)
    for paragraph in run:
        _remove(paragraph)


def _content(paragraph: "_Element") -> "list[_Element]":
    return [child for child in paragraph if child.tag != f"{W}pPr"]


def _goes_on(paragraph: "_Element") -> bool:
    frame = paragraph.find(f"{W}pPr/{W}framePr")
    if frame is not None and frame.get(f"{W}dropCap") in ("drop", "margin"):
        return True
    return paragraph.find(f"{W}pPr/{W}rPr/{W}del") is not None


def _remove(element: "_Element") -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
