"""The generated pages say what settings, commands and routes say."""

import re
from pathlib import Path

import pytest

from app.api import reference_page
from app.cli.reference import commands as commands_page
from app.cli.reference.settings import env_example, markdown, variable
from app.config import Settings
from tests.application import RunningApi

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
REGENERATE = "run `make reference`"


def test_the_page_of_settings_is_current() -> None:
    assert _page("settings.md") == markdown(), REGENERATE


def test_the_page_of_commands_is_current() -> None:
    assert _page("commands.md") == commands_page.markdown(), REGENERATE


def test_the_page_of_the_api_is_current(api: RunningApi) -> None:
    served = api.http.get("/openapi.json").json()
    assert _page("api.md") == reference_page.markdown(served), REGENERATE


def test_a_page_written_without_a_service_is_the_same(api: RunningApi) -> None:
    assert reference_page.openapi() == api.http.get("/openapi.json").json()


def test_the_example_file_is_that_of_the_settings() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert example == env_example(), REGENERATE


def test_the_example_file_names_every_setting_once() -> None:
    named = re.findall(r"^#(ZHIWEN_[A-Z_]+)=", env_example(), re.MULTILINE)
    assert sorted(named) == sorted(variable(name) for name in Settings.model_fields)


def test_the_defaults_in_the_example_file_are_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every line that has a value taken out of its comment, nothing changes."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    lines = re.findall(r"^#(ZHIWEN_[A-Z_]+=.*)$", env_example(), re.MULTILINE)
    env_file = tmp_path / "env"
    env_file.write_text("\n".join(lines), encoding="utf-8")

    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    read = Settings(_env_file=env_file).model_dump()

    assert len(lines) > 20
    assert read == defaults


def _page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")
