"""Errors of ingestion.

IngestError
├── UnsupportedFormat   no parser for this name or content
├── ParseError          the file cannot be read; `code` says why
└── EmbedderError       the embedding model is missing or broken
    └── EmbedderUnavailable   its server gives no vectors now; no fault of the text
"""


class IngestError(Exception):
    """A document could not be ingested. `code` is stable, the message is for people."""

    code = "ingest_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code


class UnsupportedFormat(IngestError):
    code = "unsupported_format"


class ParseError(IngestError):
    """Codes: empty, broken, encrypted, no_text, too_large, encoding; archive_bomb, unsafe_names,
    unsafe_xml; from a sandbox also timeout, memory, crashed, internal."""

    code = "broken"


class EmbedderError(IngestError):
    code = "embedder_unavailable"


class EmbedderUnavailable(EmbedderError):
    """Work waits for the server; it does not fail for it."""
