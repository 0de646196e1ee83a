"""Errors of the command line, and the messages shown for them.

CliError
└── ServiceDown   the API is not running at the configured address
"""

import re

_PASSWORD = re.compile(r"//[^/@]*@")  # of an address


class CliError(Exception):
    """The message a command prints before it exits with code 1."""


class ServiceDown(CliError):
    def __init__(self, base_url: str) -> None:
        super().__init__(f"Zhiwen is not running at {base_url}. Start it with: zhiwen up")


def error_lines(error: Exception) -> list[str] | None:
    """Lines to show the user; None for an unexpected error, which keeps its traceback."""
    if isinstance(error, CliError):
        return [str(error)]
    # Slow imports, needed only here: ordinary commands should start quickly.
    from pydantic import ValidationError

    from app.child_process import StartError
    from app.db.errors import DatabaseUnavailable
    from app.llm.chat_model import EnginesInvalid
    from app.models.errors import ModelError
    from app.services.channels.bots_file import BotsInvalid
    from app.services.errors import ServiceError
    from app.worker.on_ray.errors import BulkError
    from ingest.errors import EmbedderError
    from vectorstore import VectorStoreError

    if isinstance(error, ValidationError):
        return ["invalid settings:", *_settings_problems(error)]
    known = (
        ModelError
        | StartError
        | DatabaseUnavailable
        | EnginesInvalid
        | BotsInvalid
        | ServiceError
        | EmbedderError
        | BulkError
        | VectorStoreError
    )
    if isinstance(error, known):
        return [str(error)]
    return None


def _settings_problems(error: Exception) -> list[str]:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return []
    lines = []
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in problem["loc"]).upper()
        if problem["type"] == "extra_forbidden":
            lines.append(f"  {name} in .env: unknown setting")
        elif name:
            given = _PASSWORD.sub("//…@", str(problem["input"]))
            lines.append(f"  ZHIWEN_{name}={given}: {message}")
        else:
            lines.append(f"  {message}")
    return lines
