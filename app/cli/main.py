"""The shell: `zhiwen up | ingest | ask | search | export | models | doctor | worker`."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from app.cli import ask, export, ingest, models, up
from app.cli.client import CliError
from app.config import Settings
from app.models.errors import ModelError
from app.supervisor import StartError

app = typer.Typer(
    name="zhiwen",
    help="Question answering over private documents, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
app.command("ingest")(ingest.ingest)
app.command("ask")(ask.ask)
app.command("search")(ask.search)
app.command("export")(export.export)
app.command("doctor")(up.doctor)
app.add_typer(models.app, name="models")


@app.command("worker")
def worker() -> None:
    """Run an ingestion worker here (`zhiwen up` runs one already)."""
    from app.worker import watch

    watch(Settings())


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if show:
        from app.wiring import VERSION

        typer.echo(VERSION)
        raise typer.Exit


def main() -> None:
    """Run a command; errors are one plain line on standard error and exit code 1."""
    try:
        app()
    except (CliError, ModelError, StartError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except ValidationError as error:
        console = Console(stderr=True)
        console.print("[bold red]error:[/] the settings are not right:", highlight=False)
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]) or "settings"
            console.print(f"  ZHIWEN_{name.upper()}: {problem['msg']}", highlight=False)
        sys.exit(1)
