"""`zhiwen reembed BASE --embedder NAME`."""

from typing import Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say


def reembed(
    base: Annotated[str, typer.Argument(help="Name of the knowledge base.")],
    embedder: Annotated[str, typer.Option("--embedder", help="The new embedding model.")],
) -> None:
    """Switch a knowledge base to another embedding model; the old one answers until it is done.

    Run it on the machine that has the database. If interrupted, the next run continues.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from app.config import Settings
    from app.services.errors import ServiceError
    from app.wiring.worker import build_reembed

    settings = Settings()
    columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("embedding", total=None)
        try:
            count = build_reembed(settings, embedder).run(
                base, lambda done, total: bars.update(task, completed=done, total=total)
            )
        except ServiceError as error:
            raise CliError(str(error)) from error
    say(f"{base}: {count} chunks are now embedded by {embedder}.")
    if settings.embedder != embedder:
        say(f"Set ZHIWEN_EMBEDDER={embedder} and restart Zhiwen to search with it.")
