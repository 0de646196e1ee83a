"""The sample base is whole, answers its own questions and does not contradict itself."""

import csv
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

from app.samples import sample_questions
from ingest.parsers import parse

FOLDER = files("app.samples")
NAMES = [
    entry.name for entry in FOLDER.iterdir() if Path(entry.name).suffix not in ("", ".py", ".json")
]


def text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_six_files_of_four_kinds() -> None:
    kinds = Counter(Path(name).suffix for name in NAMES)
    assert kinds == {".md": 3, ".html": 1, ".csv": 1, ".txt": 1}


def test_questions_in_both_languages_are_answered_by_their_files() -> None:
    questions = sample_questions()
    assert Counter(q.language for q in questions) == {"zh": 3, "en": 3}
    for question in questions:
        assert question.documents
        for name in question.documents:
            assert question.phrase in parse((FOLDER / name).read_bytes(), name).text


def test_the_price_list_is_a_table() -> None:
    header, *rows = csv.reader(text("产品价格表.csv").splitlines())
    assert {len(row) for row in rows} == {len(header)}
    assert all(int(row[header.index("单价（元）")]) > 0 for row in rows)


def test_the_files_agree_with_each_other() -> None:
    gateways = [row for row in text("产品价格表.csv").splitlines() if row.startswith("HG-")]
    assert all(",24," in row for row in gateways)
    assert "网关、电磁阀控制器和太阳能套件保修 24 个月" in text("售后服务政策.md")
    manual, faq = text("HG-200-user-manual.md"), text("security-faq.txt")
    assert "warranty is 24 months" in manual
    assert "up to 64 per gateway" in manual
    assert "最多接入 64 个传感器" in gateways[0]
    assert re.search(r"Local storage \| 30 days", manual)
    assert "Gateways hold 30 days of readings" in faq
    assert "within 4 hours" in faq
    assert "| 15 分钟 | 4 小时 |" in text("售后服务政策.md")
    assert "kept for 30 days" in faq
    assert "数据保留 30 天" in text("售后服务政策.md")
