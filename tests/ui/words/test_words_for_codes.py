"""Whatever the API refuses or reports as failed is said in the language of the page."""

import pytest

from tests.ui.pages import ZH
from tests.ui.words.codes import all_codes
from ui.client.http import ApiError
from ui.words import texts
from ui.words.texts import LANGUAGES, words

CODES = all_codes() | {"api_down": "the interface's client", "protocol": "its events"}
UNKNOWN = "refusal.error"  # is said of other codes


def test_the_codes_are_found() -> None:
    some = {
        "not_found": "of a class",
        "conflict": "by default",
        "nothing_expected": "where it is raised",
        "no_champion": "computed",
        "needs_libreoffice": "a constant",
        "archive_bomb": "one of two",
        "timeout": "of the sandbox",
        "engine_unavailable": "of an engine",
        "worker_died": "of a job",
        "killed": "of its process",
    }
    assert some.keys() <= CODES.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "language", lambda: language)
    other = words(language)[UNKNOWN]
    missing = {
        code: where
        for code, where in CODES.items()
        if code != "error" and texts.why(ApiError("raw", code)) == other
    }
    assert missing == {}


def test_no_words_are_kept_for_codes_that_are_gone() -> None:
    own = {key.split(".")[1] for key in words("zh") if key.startswith(("refusal.", "problem."))}
    assert own - CODES.keys() == set()


def test_a_code_of_another_release_shows_no_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "language", lambda: "zh")
    assert texts.why(ApiError("Something new.", "something_new")) == ZH[UNKNOWN]
