"""Errors about model weights.

ModelError
├── UnknownModel        no such name in the registry
├── ModelMissing        known, but not downloaded; names the command that does it
├── ChecksumMismatch    a file differs from its checksum; it is never loaded
├── SourceUnavailable   no source could deliver; lists the error of each
├── NotEnoughSpace      not enough disk space for the download
└── ModelFormatError    a weights file cannot be read or converted
"""


class ModelError(Exception):
    """Base of all errors of this package."""

    code = "model_error"


class UnknownModel(ModelError):
    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"unknown model {name!r}; known models: {', '.join(known)}")


class ModelMissing(ModelError):
    code = "model_missing"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"model {name!r} is not downloaded; get it with: zhiwen models pull {name}"
        )
        self.name = name


class ChecksumMismatch(ModelError):
    code = "model_damaged"


class SourceUnavailable(ModelError):
    code = "download_failed"


class NotEnoughSpace(ModelError):
    code = "disk_full"


class ModelFormatError(ModelError):
    code = "model_damaged"
