"""Forms, free text, columns and stamped scans in PDFs."""

import pytest
from pypdfium2 import PdfDocument

from ingest.pages.pdf.text_layer import unmapped_words
from ingest.parsers import parse
from ingest.types import Notice
from tests.ingest.files import assembled, content_stream, drawn_pdf, pdf_file
from tests.ingest.pages.pdf_parts import form_pdf, stamped_scan, with_free_text
from tests.ingest.pictures import drawn


def read(data: bytes) -> str:
    return parse(data, "a.pdf").text


def test_values_of_a_form_stand_beside_their_labels() -> None:
    text = read(
        form_pdf(
            [(60, 700, "Meter no.:"), (300, 700, "Reading:"), (60, 660, "Remarks:")],
            [
                ((130, 696, 250, 714), "MX-2209"),
                ((360, 696, 450, 714), "41 827"),
                ((130, 620, 450, 674), "Seal broken,\nreplaced on site"),
            ],
            boxes=[((60, 580, 72, 592), True), ((200, 580, 212, 592), False)],
        )
    )
    assert "Meter no.: MX-2209" in text and "Reading: 41 827" in text
    assert text.index("MX-2209") < text.index("Reading:")
    assert "Remarks: Seal broken, replaced on site" in text
    assert "☑" in text and "☐" in text


def test_marks_of_a_form_stand_in_front_of_their_labels() -> None:
    words = [(80, 702, "Indoor"), (200, 702, "Outdoor"), (60, 640, "End of the form.")]
    boxes = [((60, 700, 72, 712), False), ((180, 700, 192, 712), True)]
    assert "☐ Indoor ☑ Outdoor" in " ".join(read(form_pdf(words, [], boxes=boxes)).split())


def test_values_in_a_ruled_table_are_in_its_cells() -> None:
    rules = [(60.0, float(y), 460.0, float(y)) for y in (640, 670, 700)]
    rules += [(float(x), 640.0, float(x), 700.0) for x in (60, 260, 460)]
    words = [(70, 680, "Item"), (270, 680, "Count"), (70, 650, "Hoses")]
    text = read(form_pdf(words, [((266, 644, 440, 666), "17 pieces")], rules=rules))
    assert any("Hoses" in line and "17 pieces" in line for line in text.split("\n"))


def test_free_text_is_read_once_where_it_stands() -> None:
    page = drawn_pdf([(60, 700, "Assembly notes"), (60, 500, "Keep dry.")], [])
    text = read(with_free_text(page, (60, 590, 300, 610), "Torque 35 Nm, see sheet 8"))
    assert text.index("Assembly") < text.index("Torque 35 Nm, see sheet 8") < text.index("Keep")
    assert text.count("Torque") == 1


LEFT = [
    "The pump hall is inspected at",
    "the start of every shift, and",
    "all readings are noted in the",
]
LEFT += ["green book beside the panel on", "the north wall of the building."]
RIGHT = [
    "Spare seals are kept in store",
    "room nine, shelf two, and must",
    "be booked out by the foreman",
]
RIGHT += ["before the hall is entered at", "night or on public holidays."]


@pytest.mark.parametrize("lower", [0.0, 5.0])
def test_columns_drawn_across_are_read_one_after_the_other(lower: float) -> None:
    words = [(60.0, 760.0, "Pump hall and stores: rules for all shifts of the works in the valley")]
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        y = 720.0 - 16 * number
        words += [(60.0, y, left), (320.0, y - lower, right)]
    text = " ".join(read(drawn_pdf(words, [])).split())
    assert " ".join(LEFT) in text and " ".join(RIGHT) in text
    assert text.index("Pump hall and stores") < text.index(LEFT[0]) < text.index(RIGHT[0])


def test_narrow_columns_of_sentences_are_columns_and_a_title_between_them_stands_above() -> None:
    left = [
        "First fill the tank,",
        "then shut the lid and",
        "wait. Ten minutes, at",
        "most, are enough.",
    ]
    right = [
        "Drain all of it, and",
        "rinse twice. Dry the",
        "filters, too, and put",
        "them back in place.",
    ]
    words = [(170.0, 740.0, "Weekly rinse")]
    for number, (here, there) in enumerate(zip(left, right, strict=True)):
        words += [(60.0, 700.0 - 16 * number, here), (250.0, 700.0 - 16 * number, there)]
    text = " ".join(read(drawn_pdf(words, [])).split())
    assert text == f"Weekly rinse {' '.join(left)} {' '.join(right)}"


def test_a_title_in_the_middle_of_three_columns_stands_above_them() -> None:
    lines = [
        "All visitors sign in at the",
        "north gate. They wear a badge",
        "until they leave, also in the",
        "yard. Children stay with an",
        "adult.",
    ]
    file = drawn_pdf(
        [
            (x, 700.0 - 16 * row, f"{name} {line}")
            for row, line in enumerate(lines)
            for name, x in (("A", 40.0), ("B", 220.0), ("C", 400.0))
        ],
        [],
    )
    title = b"BT /F 18 Tf 1 0 0 1 225 740 Tm (The yard) Tj ET"
    file = file.replace(b"BT /F 10", title + b"\nBT /F 10", 1)
    text = read(file)
    assert (
        text.index("The yard") < text.index("A adult") < text.index("B All") < text.index("C All")
    )


def test_notes_stuck_onto_a_page_are_reported() -> None:
    pdf = drawn_pdf([(60, 700, "Payment is due within 45 days.")], [])
    document = parse(with_free_text(pdf, (200, 690, 220, 710), "30 days!", kind="/Text"), "a.pdf")
    assert document.text == "Payment is due within 45 days."
    assert document.notices == (Notice("comments", 1),)


def test_a_short_line_at_the_foot_of_a_page_does_not_go_on() -> None:
    pages = [[("咨询人事部", 12)], [("工资条", 12)]]
    assert read(pdf_file(pages)) == "咨询人事部\n\n工资条"


def test_short_cells_side_by_side_are_no_columns() -> None:
    names = ["Bolt M8", "Washer", "Hose clamp", "Gasket", "Split pin"]
    words = [(60.0, 700.0 - 16 * n, name) for n, name in enumerate(names)]
    words += [(320.0, 700.0 - 16 * n, f"shelf {n + 3}") for n in range(len(names))]
    text = " ".join(read(drawn_pdf(sorted(words, key=lambda w: (-w[1], w[0])), [])).split())
    assert all(f"| {name} | shelf {n + 3} |" in text for n, name in enumerate(names))


@pytest.mark.slow  # text recognition
def test_a_scan_under_a_stamp_is_recognised_and_the_stamp_kept() -> None:
    picture = drawn(["货梯每周检查一次。", "载重不得超过两吨。"])
    stamp = [(330.0, 810.0, "Filed 2031-04-02 Registry"), (330.0, 796.0, "Ref R-5518")]
    text = "".join(read(stamped_scan(picture, stamp)).split())
    assert "货梯每周检查一次" in text and "载重不得超过两吨" in text
    assert text.count("R-5518") == 1 and text.index("R-5518") < text.index("货梯")


def test_a_scan_with_a_text_layer_of_its_own_is_read_once() -> None:
    words = [(60.0, 730.0, "The lift is checked weekly.")]
    assert read(stamped_scan(drawn(["货梯每周检查一次。"]), words, visible=False)) == words[0][2]


def test_codes_of_a_font_without_a_map_are_told_from_text() -> None:
    """Names that mean nothing outside of the font stand for its glyphs."""

    def words(encoding: str) -> list[str]:
        font = f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica{encoding}>>"
        page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R"
        objects = [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            font.encode(),
            f"{page}/Resources<</Font<</F 3 0 R>>>>>>".encode(),
            content_stream(b"BT /F 10 Tf 1 0 0 1 50 700 Tm (LOAD 412 TONS) Tj ET"),
        ]
        return unmapped_words(PdfDocument(assembled(objects))[0].get_textpage())

    assert words("") == []
    names = " ".join(f"/g{n}" for n in range(48, 58))
    assert words(f"/Encoding<</Type/Encoding/Differences[48 {names}]>>") == []  # three figures only
    names = " ".join(f"/g{n}" for n in range(48, 91))
    assert words(f"/Encoding<</Type/Encoding/Differences[48 {names}]>>") == ["LOAD", "412", "TONS"]


def test_a_few_icons_in_a_text_are_no_codes() -> None:
    lines = [
        "All four valves of the pump station are closed before any work begins.",
        "Whoever enters the hall wears gloves and signs the log at the end of the shift.",
    ] * 2
    content = " ".join(
        f"BT /G 10 Tf 1 0 0 1 40 {700 - 15 * n} Tm ({'ABCDEFGH'[2 * n : 2 * n + 2]}) Tj "
        f"/F 10 Tf 1 0 0 1 60 {700 - 15 * n} Tm ({line}) Tj ET"
        for n, line in enumerate(lines)
    )
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica"
    names = " ".join(f"/g{n}" for n in range(65, 73))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[5 0 R]/Count 1>>",
        f"{font}>>".encode(),
        f"{font}/Encoding<</Type/Encoding/Differences[65 {names}]>>>>".encode(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 6 0 R"
        b"/Resources<</Font<</F 3 0 R/G 4 0 R>>>>>>",
        content_stream(content.encode()),
    ]
    page = PdfDocument(assembled(objects))[0].get_textpage()
    assert "AB All four valves" in page.get_text_range()
    assert unmapped_words(page) == []


WIDE = "全部班车自下月起按照新的时刻运行乘车须出示工牌临时人员凭当日通行码乘坐雨雪天气"
COLUMN = [
    "备用密封件存放在七号柜内，与法兰",
    "螺栓扭矩表放在一起；领用时须在台",
    "账上写明日期、数量和用途，每周五",
    "下班前由班长核对一次，有出入的当",
    "日上报。",
]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ([(WIDE, 12), ("相应顺延。", 12)], []),
        ([(WIDE, 16)], []),
        ([], [(WIDE, 12), ("相应顺延。", 12)]),
    ],
    ids=["below an abstract", "below a wide header", "beside a picture"],
)
def test_lines_wrapped_in_a_column_are_one_paragraph_whatever_is_wider(
    above: list[tuple[str, int]], below: list[tuple[str, int]]
) -> None:
    text = read(pdf_file([[*above, *((line, 12) for line in COLUMN), *below]]))
    assert "".join(COLUMN) in text.split("\n\n")


@pytest.mark.parametrize("mark", ["", "，"])
def test_a_list_of_names_of_one_length_below_a_wider_line_stays_one(mark: str) -> None:
    names = [
        f"{side}区第{n}泵房{mark}值班负责人王建国同志" for n, side in enumerate("东西南北", start=1)
    ]
    text = read(pdf_file([[(WIDE, 12), ("相应顺延。", 12), *((name, 12) for name in names)]]))
    assert text.split("\n\n")[-4:] == names


def test_chinese_lines_that_end_early_are_lines_of_their_own() -> None:
    long = "全部班车自下月起按新时刻运行，乘车须出示工牌，临时人员凭当日通行码乘坐，"
    pages = [[(long, 12), ("雨雪天气顺延。停靠站点", 12), ("东门岗亭", 12), ("人民医院", 12)]]
    text = read(pdf_file(pages))
    assert f"{long}雨雪天气顺延。停靠站点" in text
    assert text.endswith("东门岗亭\n\n人民医院")


def test_a_hyphen_stays_where_it_parts_no_word() -> None:
    words = [(50, 700, "The nuts are kept with part QX-"), (50, 688, "2041 and all other hard-"),
             (50, 676, "ware of the pump.")]  # fmt: skip
    text = read(drawn_pdf(words, []))
    assert text == "The nuts are kept with part QX-2041 and all other hardware of the pump."


def test_fields_below_their_labels_stand_in_the_order_of_these() -> None:
    words = [(50, 700, "Name"), (200, 700, "Boat"), (350, 700, "Berth")]
    fields = [((50, 680, 150, 692), "Ida"), ((200, 680, 300, 692), "Wren"),
              ((350, 680, 450, 692), "14")]  # fmt: skip
    text = read(form_pdf(words, fields))
    assert text.index("Ida") < text.index("Wren") < text.index("14")


def test_a_list_says_what_it_shows_and_not_the_code_for_it() -> None:
    ferry = ((110.0, 695.0, 200.0, 710.0), "r2", {"r1": "to the island", "r2": "along the coast"})
    text = read(form_pdf([(50, 700, "Ferry:")], [], choices=[ferry]))
    assert text == "Ferry: along the coast"
