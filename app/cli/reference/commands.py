"""Generates the command reference from Typer's metadata.

python -m app.cli.reference.commands > docs/reference/commands.md
"""

import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from typer.main import get_command

from app.cli.main import app

# Typer bundles a private copy of Click whose types cannot be imported, hence Any.
_HEAD = """# Commands

Run `. .venv/bin/activate` first, or type `.venv/bin/zhiwen` in full. Every command reads the
[settings](settings.md) and has `--help`. Errors go to standard error, with exit code 1.
`ingest`, `ask`, `search`, `replay` and `export` talk to a running service.
"""
_KINDS = {str: "TEXT", int: "NUMBER", float: "NUMBER"}
_NO_HELP = frozenset({"help", "install_completion", "show_completion"})


def markdown() -> str:
    """`docs/reference/commands.md`: a section per command, in the order of `--help`."""
    sections = [_section(path, command) for path, command in _commands((), get_command(app))]
    return "\n".join((_HEAD, *sections))


def _commands(path: tuple[str, ...], group: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its full name; groups are replaced by their commands."""
    context = group.make_context("zhiwen", [], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            if command.invoke_without_command:
                yield (*path, name), command
            yield from _commands((*path, name), command)
        elif not command.hidden:
            yield (*path, name), command


def _section(path: tuple[str, ...], command: Any) -> str:
    name = " ".join(("zhiwen", *path))
    shown = [p for p in command.params if p.name not in _NO_HELP and not p.hidden]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    usage = " ".join((name, *(_usage(argument) for argument in arguments)))
    if len(shown) > len(arguments):
        usage += " [OPTIONS]"
    parts = [f"## {name}\n\n{_paragraphs(command.help or '')}\n\n```text\n{usage}\n```\n"]
    if shown:
        rows = [f"| {_names(param)} | {_meaning(param)} | {_default(param)} |\n" for param in shown]
        parts.append("| argument or option | meaning | default |\n|---|---|---|\n" + "".join(rows))
    return "\n".join(parts)


def _usage(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.name.upper()}`"
    flags = [*param.opts, *param.secondary_opts]
    value = "" if param.is_flag else f" {_kind(param)}"
    return ", ".join(f"`{flag}{value}`" for flag in flags)


def _kind(param: Any) -> str:
    kind = param.type_descriptor.annotation
    kind = next(iter(get_args(kind)), kind)  # the item type of a list
    if issubclass(kind, Enum):
        return " or ".join(str(choice.value) for choice in kind)
    return _KINDS.get(kind) or str(kind.__name__).upper()


def _meaning(param: Any) -> str:
    more = " Can be repeated." if getattr(param, "multiple", False) else ""
    text = (param.help or "").strip()
    return _cell(text if "repeated" in text else text + more).strip()


def _default(param: Any) -> str:
    if param.required:
        return "required"
    value = getattr(param.default, "value", param.default)
    if value is True:
        return f"`{param.opts[0]}`"
    return "" if value in (None, False, "", [], ()) else f"`{value}`"


def _paragraphs(text: str) -> str:
    return re.sub(r"[ \t]*\n[ \t]*", "\n", text.strip())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(markdown())
