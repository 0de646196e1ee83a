"""Errors of storage.

StorageError
├── DatabaseUnavailable   the database cannot be opened or reached
├── FileTooLarge          an upload passed its limit; nothing of it was kept
└── FileMissing           no stored file has this hash
"""


class StorageError(Exception):
    """Base of all errors of this package."""


class DatabaseUnavailable(StorageError):
    """The database cannot be opened, reached or migrated."""


class FileTooLarge(StorageError):
    """An upload passed its limit; nothing of it was kept."""


class FileMissing(StorageError):
    """No stored file has this hash."""
