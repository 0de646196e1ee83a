"""Both languages say everything, and everything that is said is used."""

import re
from pathlib import Path
from typing import get_args

import pytest

from app.api.routes.documents import DocumentState
from app.api.routes.feedback import Reason
from app.samples import sample_questions
from app.services.operations.samples import NAME
from app.tuning.types import Exclusion
from ui.parts.feedback import REASONS
from ui.parts.library.bases import SAMPLE
from ui.words.texts import LANGUAGES, Count, words

UI = Path(__file__).parents[3] / "ui"


def used_keys() -> set[str]:
    """Patterns of the keys that the pages ask for; a filled-in part matches anything."""
    patterns: set[str] = set()
    for path in UI.rglob("*.py"):
        source = path.read_text("utf-8")
        literals = re.findall(r"""(f?)["']([a-z_]+\.[a-z_0-9{}'\[\].]+?)["']""", source)
        for _, literal in literals:
            parts = re.split(r"\{[^}]*\}", literal)
            patterns.add("[a-z_0-9]+".join(re.escape(part) for part in parts))
        nested = re.findall(r'f"([a-z_]+)\.\{', source)
        patterns |= {rf"{name}\.[a-z_0-9]+" for name in nested}
    return patterns


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    zh, en = words("zh"), words("en")
    assert zh.keys() == en.keys()
    assert {k for k in zh if placeholders(zh[k]) != placeholders(en[k])} == set()


@pytest.mark.parametrize(("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_a_word_goes_with_its_number(number: int, said: str) -> None:
    assert words("en")["documents.total"].format(n=Count(number)) == said
    assert f"{Count(1234):,}" == "1,234"


def test_no_english_plural_stands_by_a_number_that_may_be_one() -> None:
    plural = re.compile(r"\{(n|passages|documents|ready|total)\} (new )?[a-z]+s\b")
    found = {key for key, text in words("en").items() if plural.search(text)}
    assert found == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_empty(language: str) -> None:
    assert [key for key, text in words(language).items() if not text.strip()] == []


def test_every_key_is_used() -> None:
    used = re.compile("|".join(sorted(used_keys())))
    unused = [key for key in words("zh") if not used.fullmatch(key)]
    assert unused == []


def test_every_key_asked_for_exists() -> None:
    asked = {
        key
        for path in UI.rglob("*.py")
        for key in re.findall(r'\bt\(\s*"([a-z_.0-9]+)"', path.read_text("utf-8"))
    }
    assert asked - words("zh").keys() == set()


def test_every_code_of_the_api_has_words() -> None:
    known = words("zh").keys()
    assert {f"left_out.{why}" for why in Exclusion} <= known
    assert {f"state.{state}" for state in get_args(DocumentState)} <= known
    assert get_args(Reason) == REASONS
    assert {f"reason.{reason}" for reason in REASONS} <= known


def test_the_first_questions_are_ones_the_samples_answer() -> None:
    answered = {item.question for item in sample_questions()}
    for language in LANGUAGES:
        assert {words(language)[f"sample.question{n}"] for n in (1, 2, 3)} <= answered
    assert SAMPLE == NAME


@pytest.mark.parametrize(
    ("locator", "said"),
    [
        ("sheet 薪资, rows 8–20", "工作表 薪资, 第 8–20 行"),
        ("slide 3", "第 3 张幻灯片"),
        ("附件, 一.pdf, page 2", "附件, 一.pdf, 第 2 页"),
        ("内.zip, 表.xlsx, sheet A, row 4", "内.zip, 表.xlsx, 工作表 A, 第 4 行"),
        ("balance sheet.pdf", "balance sheet.pdf"),
    ],
)
def test_places_are_said_in_the_language_of_the_page(locator: str, said: str) -> None:
    from ui.parts.source.sources import place_in_words

    assert place_in_words(locator) == said
