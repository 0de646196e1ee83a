"""`zhiwen vectors`: the engine that searches them."""

from enum import StrEnum
from typing import Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say

app = typer.Typer(
    name="vectors",
    help="The engine that searches vectors. Used on a machine that has the settings.",
    no_args_is_help=True,
)


class Engine(StrEnum):
    FAISS = "faiss"
    PGVECTOR = "pgvector"
    MILVUS = "milvus"


@app.callback()
def group() -> None:
    """Keeps `move` a word of its own while it is the only one."""


@app.command()
def move(
    to: Annotated[Engine, typer.Option("--to", help="The engine to switch to.")],
) -> None:
    """Switch a running installation to another engine; the old one answers until it is done.

    Builds the new index alongside, compares it with exact searches, and switches in one commit.
    If interrupted, the next run continues. Takes minutes per million chunks.
    """
    from rich.console import Console

    from app.config import Settings
    from app.db.engine import Database
    from app.services.errors import ServiceError
    from app.services.operations.move_vectors import VectorMove
    from app.wiring.indexes import milvus_engine

    settings = Settings()
    database = Database(settings.sql_url)
    database.migrate()
    with Console(stderr=True).status("") as line:
        try:
            milvus = milvus_engine(settings, database) if settings.milvus_url else None
            moved = VectorMove(database, settings.indexes_path, milvus).run(
                to.value,
                lambda step, base, done, total: line.update(f"{step} {base} ({done}/{total})"),
            )
        except ServiceError as error:
            raise CliError(str(error)) from error
        finally:
            database.dispose()
    say(
        f"{to.value} now searches {moved.bases} knowledge bases with {moved.vectors} vectors; "
        f"its recall against exact search was {moved.recall:.3f} in samples."
    )
    if settings.vectors not in (None, to.value):
        say(f"Set ZHIWEN_VECTORS={to.value} before the next start.")
