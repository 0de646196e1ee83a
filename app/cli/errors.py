"""Errors of the shell, and any error in the words in which the shell tells it.

CliError
└── ServiceDown   nothing listens where the API should be
"""


class CliError(Exception):
    """What a command says before it ends with exit code 1."""


class ServiceDown(CliError):
    def __init__(self, base_url: str) -> None:
        super().__init__(f"Zhiwen does not run at {base_url}. Start it with: zhiwen up")


def told(error: Exception) -> list[str] | None:
    """The lines for people; None for what is a fault of the program."""
    if isinstance(error, CliError):
        return [str(error)]
    # Heavy to import and needed only here: an ordinary command should start quickly.
    from pydantic import ValidationError

    from app.child_process import StartError
    from app.db.errors import DatabaseUnavailable
    from app.llm.chat_model import EnginesInvalid
    from app.models.errors import ModelError

    if isinstance(error, ValidationError):
        return ["the settings are not right:", *_settings_problems(error)]
    if isinstance(error, ModelError | StartError | DatabaseUnavailable | EnginesInvalid):
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
            lines.append(f"  {name} in .env: there is no such setting")
        elif name:
            given = problem["input"]
            lines.append(f"  ZHIWEN_{name}={given}: {message}")
        else:
            lines.append(f"  {message}")
    return lines
