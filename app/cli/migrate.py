"""`zhiwen migrate`."""

from app.cli.output.console import say


def migrate() -> None:
    """Bring the database up to date. Every start does so; a deployment can do it beforehand."""
    from app.config import Settings
    from app.db.engine import Database

    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings.sql_url)
    try:
        db.migrate()
    finally:
        db.dispose()
    say("The database is up to date.")
