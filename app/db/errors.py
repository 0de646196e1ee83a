"""Errors of storage.

StorageError
├── DatabaseUnavailable   the database cannot be opened or reached
│   └── DatabaseBusy      at the moment; the same may succeed soon
├── StorageFull           the disk is full; the write was discarded
├── FilesUnavailable      the object store cannot be reached at the moment
├── FilesTaken            the object store belongs to another installation
├── FileTooLarge          an upload exceeded its limit; nothing was stored
└── FileMissing           no stored file has this hash
    └── FileDamaged       its bytes are not those that were stored
"""


class StorageError(Exception):
    """Base of all errors of this package."""


class DatabaseUnavailable(StorageError):
    """The database cannot be opened, reached or migrated."""

    code = "database_unavailable"


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


class FilesUnavailable(StorageError):
    """The object store cannot be reached, or refuses: nothing was stored, and the same may succeed
    soon. `reason` has no secrets."""

    code = "files_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The store of uploaded files is not available at the moment ({reason}). Try again."
        )


class FilesTaken(StorageError):
    """The object store belongs to another installation: each would remove the other's files as
    those of no document."""

    def __init__(self, mark: str) -> None:
        super().__init__(
            "The prefix in ZHIWEN_FILES_URL has the files of another installation. Choose an empty "
            f"one. If this database is to have these files, delete the object `{mark}` first."
        )


class FileTooLarge(StorageError):
    """An upload exceeded its limit; nothing was stored."""


class FileMissing(StorageError):
    """No stored file has this hash."""

    code = "file_missing"


class FileDamaged(FileMissing):
    """The stored bytes have another hash."""
