"""All words of the interface, Chinese and English, in `ui/words/*.toml`: one key, one sentence."""

import tomllib
from functools import cache
from pathlib import Path

import streamlit as st

LANGUAGES = {"zh": "中文", "en": "English"}


@cache
def words(language: str) -> dict[str, str]:
    path = Path(__file__).parent / "words" / f"{language}.toml"
    return {key: str(value) for key, value in tomllib.loads(path.read_text("utf-8")).items()}


def language() -> str:
    """The chosen language: of this session, else of the address, else of the browser."""
    chosen = st.session_state.get("language") or st.query_params.get("lang")
    if chosen not in LANGUAGES:
        locale = st.context.locale or "zh"
        chosen = "en" if locale.lower().startswith("en") else "zh"
    st.session_state["language"] = chosen
    return str(chosen)


def choose_language(chosen: str) -> None:
    st.session_state["language"] = chosen
    st.query_params["lang"] = chosen


def t(key: str, **values: object) -> str:
    """The words for `key`, with `{name}` filled in."""
    return words(language())[key].format(**values)
