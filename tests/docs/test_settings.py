"""docs/configuration.md and .env.example say what `Settings` says."""

import re
from pathlib import Path

import pytest

from app.cli.settings_page import env_example, markdown, variable
from app.config import Settings

ROOT = Path(__file__).parents[2]
REGENERATE = "python -m app.cli.settings_page"


def test_the_page_is_that_of_the_settings() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == markdown(), f"{REGENERATE} markdown > docs/configuration.md"


def test_the_example_file_is_that_of_the_settings() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert example == env_example(), f"{REGENERATE} env > .env.example"


def test_the_example_file_names_every_setting_once() -> None:
    named = re.findall(r"^#(ZHIWEN_[A-Z_]+)=", env_example(), re.MULTILINE)
    assert named == [variable(name) for name in Settings.model_fields]


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
