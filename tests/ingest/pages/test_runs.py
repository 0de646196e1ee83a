"""Where the text of a document stands on its pages."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ingest.pages.lines import Line
from ingest.pages.ocr import turned_back
from ingest.parsers import parse
from ingest.parsing.placement import spans
from ingest.runs import SCALE, Area, PageRuns, Run, cut, pack, unpack
from ingest.sandbox.wire import from_json, to_json
from ingest.types import Document
from tests.ingest.files import drawn_pdf, pdf_file
from tests.ingest.pages.pages_seen import cropped, drawn_sideways, folded, said_and_seen, turned
from tests.ingest.pages.pdf_parts import form_pdf, stamped_scan
from tests.ingest.pages.test_pdf_parts import LEFT, RIGHT
from tests.ingest.pages.test_pdf_tables import AFTER, BEFORE, CELLS, FRAME
from tests.ingest.pictures import drawn, drawn_table, saved


def check(document: Document) -> list[Run]:
    """The invariants of runs; all runs of the document."""
    found: list[Run] = []
    for page in document.runs:
        runs = page.runs()
        for run in runs:
            assert 0 <= run.start < run.end <= len(document.text)
            assert 0 <= run.area.left < run.area.right <= SCALE
            assert 0 <= run.area.top < run.area.bottom <= SCALE
            assert document.page_at(run.start) == page.page
        found += runs
    assert all(before.end <= after.start for before, after in pairwise(found))
    return found


def covered(document: Document) -> float:
    """The share of letters that stand in a run."""
    runs = check(document)
    inside = sum(len(folded(document.text[run.start : run.end])) for run in runs)
    return inside / len(folded(document.text))


def two_columns() -> bytes:
    words = [(60.0, 760.0, "Pump hall and stores: rules for all shifts of the works in the valley")]
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        words += [(60.0, 720.0 - 16 * number, left), (320.0, 715.0 - 16 * number, right)]
    return drawn_pdf(words, [])


def chinese() -> bytes:
    """Pages with a running header, page numbers, radicals and a paragraph over a page end."""
    line = "⻓期保管的设备每三个月检查一次并记录结果⻔窗随手关闭消防通道不得堆放物品"
    pages = []
    for number in range(1, 5):
        body = [(f"{line}{number}{n}", 12) for n in range(12)]
        pages.append([("宏远机械设备管理规定", 9), *body, (f"第 {number} 页", 9)])
    return pdf_file(pages)


PDFS = {
    "two columns": two_columns(),
    "chinese": chinese(),
    "table": drawn_pdf([BEFORE, *CELLS, AFTER], FRAME),
    "hyphens": drawn_pdf(
        [(60, 700, "All deliveries are to be exam-"), (60, 684, "ined by the foreman at once,")], []
    ),
}


@pytest.mark.parametrize("name", PDFS)
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_the_words_in_an_area_are_those_of_its_run(name: str, angle: int) -> None:
    pdf = turned(PDFS[name], angle) if angle else PDFS[name]
    document = parse(pdf, "a.pdf")
    assert covered(document) > 0.9  # bars of a table stand on no page
    pairs = list(said_and_seen(document, pdf))
    assert pairs
    for said, seen in pairs:
        assert seen.removesuffix("-") == said.removesuffix("-")


@pytest.mark.parametrize("angle", [90, 180, 270])
@pytest.mark.parametrize("shown", [0, 90])
def test_areas_of_text_drawn_sideways_are_where_it_is_shown(angle: int, shown: int) -> None:
    pdf = turned(drawn_sideways(cropped(PDFS["table"], 30, 400, 500, 800), angle), shown)
    pairs = list(said_and_seen(parse(pdf, "a.pdf"), pdf))
    # PDFium reads lines that run downwards in another order.
    assert pairs and all(sorted(said) == sorted(seen) for said, seen in pairs)


def test_areas_are_those_of_the_part_that_is_shown() -> None:
    pdf = drawn_pdf([(100, 700, "Keep the gate shut."), (100, 300, "Report all losses.")], [])
    whole = check(parse(pdf, "a.pdf"))
    part = cropped(pdf, 50, 250, 350, 750)
    shown = check(parse(part, "a.pdf"))
    assert len(whole) == len(shown) == 2
    assert shown[0].area.left == pytest.approx((100 - 50) / 300 * SCALE, abs=20)
    assert shown[0].area.top < 0.15 * SCALE < 0.8 * SCALE < shown[1].area.top
    assert all(said == seen for said, seen in said_and_seen(parse(part, "a.pdf"), part))


@pytest.mark.parametrize("seed", range(8))
def test_runs_of_any_page_say_what_stands_there(seed: int) -> None:
    chance = random.Random(seed)
    words = ["valve", "pump", "ledger", "north-east", "B2", "17.5", "kg;", "the", "shift,", "kept"]
    lines = []
    y = 780.0
    while y > 80:
        text = " ".join(chance.choices(words, k=chance.randint(1, 9)))
        lines.append((chance.choice([60.0, 60.0, 80.0]), y, text))
        y -= chance.choice([14.0, 14.0, 14.0, 30.0])
    pdf = drawn_pdf(lines, [])
    document = parse(pdf, "a.pdf")
    assert covered(document) > 0.99
    assert all(
        seen.removesuffix("-") == said.removesuffix("-")
        for said, seen in said_and_seen(document, pdf)
    )


def test_a_label_and_what_is_typed_beside_it_have_one_place() -> None:
    words = [(60, 700, "Meter no.:"), (60, 640, "Remarks:")]
    document = parse(form_pdf(words, [((130, 696, 250, 714), "MX-2209")]), "a.pdf")
    first, second = check(document)
    assert "MX-2209" in document.text[first.start : first.end]
    assert first.area.left == pytest.approx(60 / 595 * SCALE, abs=10)
    assert first.area.right == pytest.approx(250 / 595 * SCALE, abs=10)
    assert second.area.right < 120 / 595 * SCALE


@pytest.mark.slow  # text recognition
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_lines_of_a_scan_lie_where_they_were_drawn(angle: int) -> None:
    picture = drawn(["货梯每周检查一次。", "载重不得超过两吨。", "发现异常立即停用并上报。"])
    page = Image.new("RGB", (1240, 1754), "white")
    page.paste(picture, (0, 200))
    shown = page.rotate(angle, expand=True)
    document = parse(saved(shown, "PNG"), "a.png")
    runs = check(document)
    assert (document.runs[0].width, document.runs[0].height) == shown.size
    assert covered(document) == 1
    for run in runs:
        left, top, right, bottom = run.area
        width, height = shown.size
        box = (left * width, top * height, right * width, bottom * height)
        inked = shown.crop(tuple(round(side / SCALE) for side in box)).convert("L")  # type: ignore[arg-type]  # four numbers
        assert inked.getextrema()[0] < 80  # type: ignore[operator]  # one band


@pytest.mark.slow
def test_cells_of_a_scanned_table_have_their_own_places() -> None:
    rows = [["项目", "周期"], ["货梯", "每周一次"], ["消防栓", "每月一次"]]
    document = parse(saved(drawn_table(rows), "PNG"), "a.png")
    runs = {document.text[run.start : run.end]: run.area for run in check(document)}
    assert set(runs) == {cell for row in rows for cell in row}
    assert runs["货梯"].right < runs["每周一次"].left
    assert runs["货梯"].bottom < runs["消防栓"].top


@pytest.mark.slow
def test_a_scan_and_the_words_over_it_lie_where_they_are_shown() -> None:
    pdf = stamped_scan(
        drawn(["货梯每周检查一次。", "载重不得超过两吨。"]), [(330, 810, "Ref R-5518")]
    )
    upright = parse(pdf, "a.pdf")
    runs = {upright.text[run.start : run.end]: run.area for run in check(upright)}
    stamp = next(area for text, area in runs.items() if "R-5518" in text)
    scanned = next(area for text, area in runs.items() if "货梯" in text)
    assert stamp.bottom < scanned.top < 0.3 * SCALE and scanned.left < 0.1 * SCALE < stamp.left


def test_sizes_stay_small() -> None:
    for name in ("chinese", "two columns"):
        document = parse(PDFS[name], "a.pdf")
        packed = sum(len(page.packed) for page in document.runs)
        assert packed < 0.3 * len(document.text.encode())


def test_runs_pass_through_the_sandbox_and_are_checked() -> None:
    document = parse(PDFS["two columns"], "a.pdf")
    frame = to_json(document)
    assert from_json(frame).runs == document.runs
    with pytest.raises(ValueError, match="beyond the text"):
        from_json({**frame, "text": frame["text"][:-1]})


_SHARE = st.integers(0, SCALE)
_RUN = st.tuples(st.integers(0, 500), st.integers(1, 500), _SHARE, _SHARE, _SHARE, _SHARE)


@given(st.lists(_RUN))
def test_packing_keeps_runs(drawn_runs: list[tuple[int, ...]]) -> None:
    runs, at = [], 0
    for gap, length, x0, y0, x1, y1 in drawn_runs:
        area = Area(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        runs.append(Run(at + gap, at + gap + length, area))
        at += gap + length
    assert unpack(pack(runs)) == runs
    assert PageRuns.of(1, 595, 842, runs).runs() == runs


@given(st.binary(max_size=200))
def test_bytes_that_are_no_runs_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="runs"):
        unpack(content)


@given(st.lists(st.text("ab -长期\u2003", min_size=1, max_size=12), max_size=8))
def test_lines_are_found_in_what_was_joined_from_them(lines: list[str]) -> None:
    from ingest.clean import clean, unwrap

    text = clean(unwrap("\n".join(lines))).strip()
    found = list(spans(text, lines))
    assert len(found) == len(lines)
    for line, span in zip(lines, found, strict=True):
        if line.strip():
            assert span is not None
            assert folded(text[slice(*span)]) == folded(line)


def test_a_part_of_a_line_is_cut_from_its_area() -> None:
    run = Run(10, 20, Area(1000, 500, 2000, 600))
    assert cut(run, "货梯每周检查一次完毕", 12, 14) == Area(1200, 500, 1400, 600)
    assert cut(run, "货梯每周检查一次完毕", 0, 99) == run.area
    narrow = cut(run, "illiW.WWWW", 10, 14)
    assert narrow.right < 1250


def test_boxes_of_a_turned_picture_are_those_of_the_picture_as_it_was() -> None:
    line = Line("x", box=(10, 20, 110, 40))  # in a picture of 200 × 100 after turning
    assert turned_back(line, 90, 100, 200).box == (60, 10, 80, 110)
    assert turned_back(line, 180, 200, 100).box == (90, 60, 190, 80)
    assert turned_back(line, 270, 100, 200).box == (20, 90, 40, 190)
