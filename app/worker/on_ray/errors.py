"""Errors of bulk ingestion.

BulkError
├── RayMissing     the package is not installed; says how to install it
├── NoCluster      no cluster at the address, it has no room, or a reader cannot start there
├── ReaderLost     a reader that was started again, perhaps elsewhere, cannot start there
└── OtherNode      raised on a node with another release or model, which reads nothing then
"""

from ingest.errors import EmbedderUnavailable


class BulkError(Exception):
    """Base of all errors of this package."""


class RayMissing(BulkError):
    def __init__(self) -> None:
        super().__init__("Ray is not installed. Run: pip install 'zhiwen[ray]'")


class NoCluster(BulkError):
    pass


class ReaderLost(BulkError, EmbedderUnavailable):
    """No fault of the document that it was to read, which is given back."""


class OtherNode(BulkError):
    pass
