"""Looks up the texts of the interface in `ui/words/*.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st

from ui.client.http import ApiError
from ui.safe_markdown import plain

LANGUAGES = {"zh": "中文", "en": "English"}


@cache
def words(language: str) -> dict[str, str]:
    path = Path(__file__).with_name(f"{language}.toml")
    return {key: str(value) for key, value in tomllib.loads(path.read_text("utf-8")).items()}


def language() -> str:
    """The language of the session, else of the URL, else of the browser."""
    chosen = st.session_state.get("language") or st.query_params.get("lang")
    if chosen not in LANGUAGES:
        chosen = _browser_language()
    st.session_state["language"] = chosen
    return str(chosen)


def choose_language(chosen: str) -> None:
    st.session_state["language"] = chosen
    st.query_params["lang"] = chosen


def keep_language() -> None:
    """Puts the chosen language back into the URL, which page changes clear."""
    if language() != _browser_language() and st.query_params.get("lang") != language():
        st.query_params["lang"] = language()


def with_language(parameters: Mapping[str, str]) -> dict[str, str]:
    """Query parameters of a link, with the language where it isn't the browser's."""
    chosen = {"lang": language()} if language() != _browser_language() else {}
    return {**parameters, **chosen}


def title(shown: str) -> None:
    """Names the browser's tab and the entry in its history."""
    st.set_page_config(page_title=f"{shown} · {t('app.name')}")


def _browser_language() -> str:
    return "en" if (st.context.locale or "zh").lower().startswith("en") else "zh"


def t(key: str, **values: object) -> str:
    """The text for `key` with `{name}` filled in; `{name:file|files}` picks singular or plural."""
    counted = {name: Count(v) if type(v) is int else v for name, v in values.items()}
    return words(language())[key].format(**counted)


def name_of_provider(kind: str, label: str, in_language: str = "") -> str:
    """What a provider is called, in a language if we know it there, else in its own `label`."""
    said = words(in_language or language())
    return label if kind == "oidc" else said.get(f"provider.{kind}", label)


class Count(int):
    """A number whose format spec `one|many` selects singular or plural."""

    def __format__(self, form: str) -> str:
        one, bar, many = form.partition("|")
        if not bar:
            return super().__format__(form)
        return one if self == 1 else many


def refused(error: ApiError) -> str:
    """Why the API refused, as Markdown."""
    return t("error.refused", detail=plain(why(error)))


def why(error: ApiError) -> str:
    """Why the API refused."""
    return why_failed(error.code)


def why_failed(code: str | None) -> str:
    """In our own words, since the API's details are in English."""
    keys = (f"refusal.{code}", f"problem.{code}")
    return t(next((key for key in keys if key in words("zh")), "refusal.error"))
