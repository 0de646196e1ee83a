"""What tells this installation from others that use the same servers."""

import secrets

from app.db.engine import Database, lock_files
from app.db.tables import InstallationChoice


def installation_id(db: Database) -> str:
    """32 hexadecimal characters, drawn by the first process that asks."""
    with db.read() as session:
        known = session.get(InstallationChoice, "id")
    if known is not None:
        return known.value
    with db.write() as session:
        lock_files(session, exclusive=True)  # several processes start at once
        known = session.get(InstallationChoice, "id")
        if known is None:
            known = InstallationChoice(name="id", value=secrets.token_hex(16))
            session.add(known)
        return known.value
