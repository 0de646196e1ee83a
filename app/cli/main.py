"""The shell: `zhiwen up | ingest | ask | search | export | models | doctor | backup | …`."""

import sys
from typing import Annotated

import typer

from app.cli import (
    ask,
    backup,
    calibrate,
    doctor,
    mcp,
    migrate,
    models,
    reembed,
    up,
    vectors,
)
from app.cli.errors import error_lines
from app.cli.improving import adapters, approved, dataset, export, gate, train
from app.cli.ingestion import ingest
from app.cli.people import grants, groups, keys, users
from app.cli.plugins import CommandGroup

app = typer.Typer(
    name="zhiwen",
    cls=CommandGroup,
    help="Question answering over private documents, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
app.command("ingest")(ingest.ingest)
app.command("ask")(ask.ask)
app.command("search")(ask.search)
app.command("replay")(ask.replay)
app.command("export")(export.export)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("migrate")(migrate.migrate)
app.command("reembed")(reembed.reembed)
app.command("calibrate")(calibrate.calibrate)
app.command("mcp")(mcp.mcp)
app.add_typer(models.app, name="models")
app.add_typer(vectors.app, name="vectors")
app.add_typer(approved.app, name="approved")
app.add_typer(users.app, name="users")
app.add_typer(groups.app, name="groups")
app.add_typer(grants.app, name="grants")
app.add_typer(keys.app, name="keys")
app.add_typer(dataset.app, name="dataset")
app.command("train")(train.train)
app.add_typer(adapters.app, name="adapters")
app.add_typer(gate.app, name="gate")


@app.command("worker")
def worker() -> None:
    """Run a worker (`zhiwen up` already runs one)."""
    from app.config import Settings
    from app.logs import start_logging
    from app.worker.watch import watch

    settings = Settings()
    start_logging(settings)
    watch(settings)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if show:
        from importlib.metadata import version as installed

        typer.echo(installed("zhiwen"))
        raise typer.Exit


def main() -> None:
    """Runs a command. Errors become plain lines on standard error and exit code 1."""
    try:
        app()
    except Exception as error:  # unexpected: keep the traceback
        lines = error_lines(error)
        if lines is None:
            raise
        from app.cli.output.console import say

        say(("error: ", "bold red"), "\n".join(lines), stderr=True)
        sys.exit(1)
