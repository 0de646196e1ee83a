"""Errors of storage.

StorageError
├── DatabaseUnavailable   the database cannot be opened or reached
│   └── DatabaseBusy      at the moment; the same may succeed soon
├── StorageFull           the disk is full; the write was discarded
├── FileTooLarge          an upload exceeded its limit; nothing was stored
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
    """The disk is full; the write was discarded."""

    code = "disk_full"

    def __init__(self) -> None:
        super().__init__(
            "The disk is full, so nothing was stored. Free up space and try again; earlier data "
            "is safe."
        )


class FileTooLarge(StorageError):
    """An upload exceeded its limit; nothing was stored."""


class FileMissing(StorageError):
    """No stored file has this hash."""
