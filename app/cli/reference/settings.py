"""Generates the settings reference and `.env.example`.

python -m app.cli.reference.settings markdown > docs/reference/settings.md
python -m app.cli.reference.settings env > .env.example
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from app.config import Settings
from app.embedder_settings import EmbedderSettings
from app.people_settings import PeopleSettings
from app.vector_settings import VectorSettings

_HEAD = """# Settings

Every setting is an environment variable, or a line in a file `.env` in the working directory; the
environment wins. All of them have defaults, so `make up` needs none. An invalid value, or an
unknown name in `.env`, stops the start with an error message. To begin with a file that lists them
all: `cp .env.example .env`.

| variable | default | allowed | what it does |
|---|---|---|---|
"""
_ENV_HEAD = """\
# Zhiwen's settings and their defaults. Copy this file to `.env` and uncomment the lines you change.
# The same names work as environment variables, which override the file.
"""


class Page(StrEnum):
    MARKDOWN = "markdown"
    ENV = "env"


def markdown() -> str:
    """`docs/reference/settings.md`: one table, in the order of `Settings`."""
    rows = []
    for name, field in _fields():
        cells = (f"`{variable(name)}`", _code(default(field)), allowed(field), description(field))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return _HEAD + "".join(rows)


def env_example() -> str:
    """`.env.example`: every setting with its default, commented out."""
    parts = [_ENV_HEAD]
    for name, field in _fields():
        about = ". ".join(text for text in (description(field), allowed(field)) if text)
        comment = f"# {about}\n" if about else ""
        parts.append(f"\n{comment}#{variable(name)}={default(field)}\n")
    return "".join(parts)


def _fields() -> list[tuple[str, FieldInfo]]:
    """Inherited ones last, which pydantic puts first."""
    inherited: tuple[type[BaseSettings], ...] = (VectorSettings, EmbedderSettings, PeopleSettings)

    def rank(name: str) -> int:
        return next((n for n, one in enumerate(inherited, 1) if name in one.model_fields), 0)

    return sorted(Settings.model_fields.items(), key=lambda each: rank(each[0]))


def variable(name: str) -> str:
    """Environment variable of a field."""
    return f"{Settings.model_config['env_prefix']}{name}".upper()


def default(field: FieldInfo) -> str:
    """The default as written in the environment; empty if there is none."""
    value: Any = field.default
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return value.as_posix() if isinstance(value, Path) else str(value)


def allowed(field: FieldInfo) -> str:
    """Choices or bounds; empty if the type has none."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(choice) for choice in get_args(field.annotation))
    if field.annotation is bool:
        return "true, false"
    lower = upper = ""
    for bound in field.metadata:
        match bound:
            case annotated_types.Ge(ge=limit):
                lower = f"from {limit}"
            case annotated_types.Gt(gt=limit):
                lower = f"above {limit}"
            case annotated_types.Le(le=limit):
                upper = f"to {limit}"
    return " ".join(part for part in (lower, upper) if part)


def description(field: FieldInfo) -> str:
    return field.description or ""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def main(page: Annotated[Page, typer.Argument()]) -> None:
    """Writes one of the two to standard output."""
    sys.stdout.write(markdown() if page is Page.MARKDOWN else env_example())


if __name__ == "__main__":
    typer.run(main)
