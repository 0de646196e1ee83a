"""Multipart uploads whose size limit applies while the body arrives."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.types import Message

from app.db.engine import is_full
from app.db.errors import StorageFull
from app.services.errors import Invalid, TooLarge

_PART_BYTES = 1024 * 1024
_FORM_OVERHEAD_BYTES = 64 * 1024  # multipart boundaries and headers


class LimitedUpload:
    """The `file` field of a multipart request. Use as an async context manager."""

    def __init__(self, request: Request, max_bytes: int) -> None:
        self._limit = max_bytes + _FORM_OVERHEAD_BYTES
        self._too_large = TooLarge(f"The file is larger than the limit of {max_bytes >> 20} MB.")
        self._receive = request.receive
        self._received = 0
        self._request = Request(request.scope, self._counted)
        self.name = ""

    async def __aenter__(self) -> "LimitedUpload":
        announced = self._request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._limit:
            raise self._too_large
        if not self._request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Invalid("Send the file as multipart/form-data in the field `file`.")
        try:
            form = await self._request.form(max_files=1)
        except OSError as error:  # a large file is spooled to the temporary folder
            if is_full(error):
                raise StorageFull from error
            raise
        file = form.get("file")
        if not isinstance(file, UploadFile):
            await form.close()
            raise Invalid("The field `file` is missing.", code="no_file")
        self._file, self.name = file, file.filename or ""
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._file.close()

    async def parts(self) -> AsyncIterator[bytes]:
        """Yields the file in parts of one megabyte."""
        while part := await self._file.read(_PART_BYTES):
            yield part

    async def _counted(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise self._too_large
        return message
