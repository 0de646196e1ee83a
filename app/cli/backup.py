"""`zhiwen backup FILE` and `zhiwen restore FILE --data-dir FOLDER`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CliError
from app.cli.output.console import say


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write, e.g. zhiwen-backup.tar.")],
) -> None:
    """Back up the database and the original files; the service may keep running."""
    from app.config import Settings
    from app.db.errors import StorageError
    from app.db.files import open_files
    from app.services.operations.backup import BackupError
    from app.services.operations.backup import backup as write

    settings = Settings()
    if settings.database_url and not settings.database_url.startswith("sqlite"):
        raise CliError(
            "`zhiwen backup` works with SQLite only. On PostgreSQL, run pg_dump first, then copy "
            f"{settings.files_url or settings.files_path}; in that order, no original is missed."
        )
    try:
        manifest = write(settings.data_dir, open_files(settings.data_dir, settings.files_url), file)
    except (BackupError, StorageError) as error:
        raise CliError(str(error)) from error
    except OSError as error:
        raise CliError(f"{file} cannot be written: {error.strerror}.") from error
    size_mib = file.stat().st_size / 1024**2
    say(f"{manifest.documents} documents, {manifest.files} originals, {size_mib:.1f} MB in {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup that `zhiwen backup` wrote.")],
    data_dir: Annotated[Path, typer.Option("--data-dir", help="An empty or new folder.")],
) -> None:
    """Restore a backup into an empty folder, verifying every byte."""
    from app.services.operations.backup import BackupError
    from app.services.operations.backup import restore as read

    try:
        manifest = read(file, data_dir)
    except BackupError as error:
        raise CliError(str(error)) from error
    except OSError as error:
        raise CliError(f"{data_dir} cannot be written: {error.strerror}.") from error
    say(f"{manifest.documents} documents, {manifest.files} originals, saved {manifest.created_at}")
    say(f"Start it with: ZHIWEN_DATA_DIR={data_dir} zhiwen up")
