"""Loads commands of other packages from entry points of the group `zhiwen.commands`.

Packages above `app` have commands too, and `app` must not import them.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

# `ctx` and commands belong to Typer's private copy of Click, hence Any.
GROUP = "zhiwen.commands"


class CommandGroup(TyperGroup):
    """Built-in commands, then those of other packages, loaded when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Built-in commands in their order, then the others by name."""
        own = super().list_commands(ctx)
        return [*own, *sorted(name for name in _plugins() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A built-in command, or the plugin of that name."""
        own = super().get_command(ctx, cmd_name)
        plugin = _plugins().get(cmd_name)
        if own is not None or plugin is None:
            return own
        found = get_command(plugin.load())
        found.name = cmd_name
        return found


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
