"""Slides as they look: numbers of lists, small figures, the order of what stands side by side."""

import io
from collections.abc import Sequence

from lxml import etree
from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.util import Inches

from ingest.parsers import parse


def slide_file(
    boxes: Sequence[tuple[float, float, str]],
    items: Sequence[tuple[int, str, str]] = (),
    power: str = "",
    *,
    height: float = 0.5,
    units: int = 0,
) -> bytes:
    """Text boxes of a `height` at `(left, top)` in inches, a list of level, kind of number and
    text, and a box `10` with a raised `power`. With `units` the text boxes stand in a group that
    has so many to the inch, as slides of old files have them."""
    deck = Presentation()
    shapes = deck.slides.add_slide(deck.slide_layouts[6]).shapes
    group = shapes.add_group_shape() if units else None
    inch = units or Inches(1)
    for left, top, text in boxes:
        box = (group.shapes if group else shapes).add_textbox(
            *(round(size * inch) for size in (left, top, 3, height))
        )
        box.text_frame.text = text
    if group is not None:
        frame = group._element.grpSpPr.find(qn("a:xfrm"))
        for side in frame.find(qn("a:ext")).attrib:
            frame.find(qn("a:ext")).set(side, str(Inches(10)))
            frame.find(qn("a:chExt")).set(side, str(10 * units))
    frame = shapes.add_textbox(Inches(1), Inches(5), Inches(6), Inches(2)).text_frame
    for number, (level, kind, text) in enumerate(items):
        paragraph = frame.add_paragraph() if number else frame.paragraphs[0]
        paragraph.text, paragraph.level = text, level
        if kind:
            properties = paragraph._p.get_or_add_pPr()
            etree.SubElement(properties, qn("a:buAutoNum")).set("type", kind)
    if power:
        paragraph = frame.add_paragraph()
        paragraph.add_run().text = "10"
        run = paragraph.add_run()
        run.text = power
        run.font._element.set("baseline", "30000")
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def test_automatic_numbers_are_read_and_begin_again() -> None:
    items = [
        (0, "ea1ChsPeriod", "选种"),
        (1, "alphaLcParenR", "晒种"),
        (1, "alphaLcParenR", "浸种"),
        (0, "ea1ChsPeriod", "播种"),
        (1, "alphaLcParenR", "覆土"),
        (0, "", "以上在四月完成"),
        (0, "ea1ChsPeriod", "收割"),
    ]
    lines = parse(slide_file([], items), "a.pptx").text.split("\n")
    assert lines == [
        "一. 选种", "- a) 晒种", "- b) 浸种", "二. 播种", "- a) 覆土", "以上在四月完成", "一. 收割",
    ]  # fmt: skip


def test_raised_figures_are_powers() -> None:
    assert "10⁻⁶" in parse(slide_file([], [(0, "", "误差")], "-6"), "a.pptx").text


def test_boxes_side_by_side_are_read_from_left_to_right() -> None:
    boxes = [(1, 1, "春"), (5, 0.97, "夏"), (1, 3, "秋"), (5, 2.96, "冬")]
    assert parse(slide_file(boxes), "a.pptx").text.split("\n\n") == ["春", "夏", "秋", "冬"]


def test_boxes_one_below_the_other_are_read_downwards() -> None:
    boxes = [(3, 1, "上"), (2, 1.6, "中"), (1, 2.2, "下")]
    for height in (0.1, 0.5):
        assert parse(slide_file(boxes, height=height), "a.pptx").text == "上\n\n中\n\n下"
    close = [(2, 1, "上"), (1, 1.12, "下")]
    assert parse(slide_file(close, height=0.1), "a.pptx").text == "上\n\n下"


def test_boxes_of_a_group_with_units_of_its_own_are_read_downwards() -> None:
    boxes = [(3, 1, "上"), (2, 2, "中"), (1, 3, "下")]
    assert parse(slide_file(boxes, units=576), "a.pptx").text == "上\n\n中\n\n下"
