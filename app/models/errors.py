"""Errors about model weights.

ModelError
├── UnknownModel        no such name in the registry
├── ModelMissing        known, but not pulled yet; names the command that pulls it
├── ChecksumMismatch    a file is not what it should be; it is never loaded
├── SourceUnavailable   no source could deliver; says what each one answered
├── NotEnoughSpace      the disk cannot hold the download
└── ModelFormatError    a weights file cannot be read or converted
"""


class ModelError(Exception):
    """Base of all errors of this package."""


class UnknownModel(ModelError):
    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"unknown model {name!r}; known are: {', '.join(known)}")


class ModelMissing(ModelError):
    def __init__(self, name: str) -> None:
        super().__init__(f"model {name!r} is not here; get it with: zhiwen models pull {name}")
        self.name = name


class ChecksumMismatch(ModelError):
    pass


class SourceUnavailable(ModelError):
    pass


class NotEnoughSpace(ModelError):
    pass


class ModelFormatError(ModelError):
    pass
