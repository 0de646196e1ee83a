"""Older versions by name, texts that are alike, and sentences that contradict each other."""

from collections import defaultdict

import numpy as np
import pytest

from app.services.checkup.contradictions import Statement, contradictions, statements_of
from app.services.checkup.twins import bare, near_texts, resemblance, sketch
from app.services.checkup.versions import older_versions


@pytest.mark.parametrize(
    ("older", "newer", "surely"),
    [
        ("员工手册2023版.md", "员工手册2024版.docx", True),
        ("员工手册（2022年修订）.pdf", "员工手册（2024年修订）.pdf", True),
        ("Guide v1.pdf", "guide_V2.1.pdf", True),
        ("操作指南第二版.docx", "操作指南第十一版.docx", True),
        ("接口说明 版本1.9.md", "接口说明 版本1.10.md", True),
        ("价目表（旧）.xlsx", "价目表.xlsx", True),
        ("价目表-旧.xlsx", "价目表-新.xlsx", True),
        ("price list (old).xlsx", "Price List (new).xlsx", True),
        ("报告2023.md", "报告2024.md", False),
        ("周报_2024-03-01.md", "周报_2024-03-08.md", False),
    ],
)
def test_the_older_version_by_its_name(older: str, newer: str, surely: bool) -> None:
    assert older_versions([newer, older]) == [(1, 0, surely)]


@pytest.mark.parametrize(
    "names",
    [
        ("新员工手册.md", "员工手册.md"),
        ("旧金山办公室.md", "金山办公室.md"),
        ("员工手册2023版.md", "安全手册2024版.md"),
        ("产品1说明.md", "产品2说明.md"),
        ("v1.md", "v2.md"),
        ("readme.md", "readme.md"),
        ("MP3 player.md", "MP4 player.md"),
        ("news.md", "old news.md"),
    ],
)
def test_names_that_are_no_versions(names: tuple[str, str]) -> None:
    assert older_versions(names) == []


def test_of_three_versions_the_newest_stands() -> None:
    assert older_versions(["a手册V3", "a手册V1", "a手册V2"]) == [(1, 0, True), (2, 0, True)]


def said(*documents: tuple[str, str]) -> list[tuple[str, str]]:
    stated: dict[str, list[Statement]] = defaultdict(list)
    for place, (_, text) in enumerate(documents):
        for frame, statement in statements_of(place, text):
            stated[frame].append(statement)
    found = contradictions(stated, [name for name, _ in documents])
    assert found is not None
    return [(a.text, b.text) for a, b in found]


ONE = ("员工手册.md", "年假为每年15天，须提前一周申请。其他假期另行规定。")


def test_the_same_sentence_with_another_number_contradicts() -> None:
    other = ("常见问题.md", "问：年假？\n年假为每年十天，须提前一周申请。")
    assert said(ONE, other) == [
        ("年假为每年15天，须提前一周申请。", "年假为每年十天，须提前一周申请。")
    ]
    english = ("FAQ.md", "Backups are kept for 30 days on the second site.")
    policy = ("Security policy.md", "Backups are kept for 90 days on the second site.")
    assert len(said(english, policy)) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # the same value in other words or units
        (ONE, ("常见问题.md", "年假为每年十五天，须提前一周申请。")),
        # other words
        (ONE, ("常见问题.md", "病假为每年10天，须提前一周申请。")),
        # of itself
        (
            ("采购制度.md", "本制度自2023年5月1日起正式施行生效。"),
            ("差旅制度.md", "本制度自2024年1月1日起正式施行生效。"),
        ),
        # manuals of two products
        (
            ("A100说明书.md", "额定工作电压为直流220伏特，不可接反。"),
            ("B200说明书.md", "额定工作电压为直流110伏特，不可接反。"),
        ),
        # numbers without a unit
        (
            ("a.md", "详细的操作步骤请参阅附录第3部分的说明。"),
            ("另一个文件.md", "详细的操作步骤请参阅附录第5部分的说明。"),
        ),
        # a table's row
        (("a.md", "| 年假的天数上限规定 | 10天 |"), ("other.md", "| 年假的天数上限规定 | 12天 |")),
        # said several times with several numbers in one document
        (
            ("a.md", "会议室的最大容量为10人次。\n会议室的最大容量为20人次。"),
            ("另一个文件.md", "会议室的最大容量为30人次。"),
        ),
    ],
)
def test_what_does_not_contradict(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert said(first, second) == []


def test_resemblance_estimates_the_share_of_common_pieces() -> None:
    words = [f"第{n}条规定员工的第{n * 7}项权利和义务。" for n in range(300)]
    text = bare("".join(words))
    same, most, half = (sketch(bare("".join(words[:n]))) for n in (300, 270, 150))
    whole = sketch(text)
    assert resemblance(whole, same) == 1.0
    assert resemblance(whole, most) == pytest.approx(0.9, abs=0.06)
    assert resemblance(whole, half) == pytest.approx(0.5, abs=0.1)
    assert resemblance(whole, sketch(bare("别的文字" * 50))) < 0.05


def test_near_vectors_without_common_words_are_not_near_texts() -> None:
    texts = [
        "甲公司租用一号仓库，租期三年，租金每月一万元。" * 3,
        "今天的天气十分晴朗，适合出游。" * 5,
    ]
    texts.append(texts[0] + "另有押金。")
    means = np.ones((3, 4), np.float32) / 2
    sketches = [sketch(bare(text)) for text in texts]
    found = near_texts(means, sketches, [len(text) for text in texts])
    assert [(one, two) for one, two, _ in found] == [(0, 2)]


def test_forms_that_differ_in_all_numbers_are_left_out() -> None:
    stated: dict[str, list[Statement]] = defaultdict(list)
    for place in range(2):
        lines = (f"第{chr(0x4E00 + n)}类商品的平均库存为{n + 20 * place}吨整。" for n in range(12))
        for frame, statement in statements_of(place, "\n".join(lines)):
            stated[frame].append(statement)
    assert contradictions(stated, ["甲地的仓库.md", "乙方面情况.md"]) is None
