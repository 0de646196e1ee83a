"""Errors of storage.

StorageError
├── DatabaseUnavailable   the database cannot be opened or reached
│   └── DatabaseBusy      at this moment; the same may succeed soon
├── StorageFull           no room is left on the disk; nothing was kept of what was written
├── FileTooLarge          an upload passed its limit; nothing of it was kept
└── FileMissing           no stored file has this hash
"""


class StorageError(Exception):
    """Base of all errors of this package."""


class DatabaseUnavailable(StorageError):
    """The database cannot be opened, reached or migrated."""


class DatabaseBusy(DatabaseUnavailable):
    """Locked by another writer, restarting, or a conflict of two transactions: nothing was kept,
    and the same may succeed soon."""

    code = "database_busy"

    def __init__(self, reason: BaseException) -> None:
        super().__init__(f"The database is not available at the moment ({reason}). Try again.")


class StorageFull(StorageError):
    """No room is left; nothing was kept of what was written."""

    code = "disk_full"

    def __init__(self) -> None:
        super().__init__(
            "The disk is full, so nothing was stored. Make room and try again; all that was "
            "stored before is safe."
        )


class FileTooLarge(StorageError):
    """An upload passed its limit; nothing of it was kept."""


class FileMissing(StorageError):
    """No stored file has this hash."""
