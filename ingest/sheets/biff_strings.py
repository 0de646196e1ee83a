"""Texts in the records of an xls file, [MS-XLS] 2.5.294 and 2.5.293."""

import struct
from collections.abc import Iterator, Sequence

_WIDE, _RICH, _PHONETIC = 0x01, 0x08, 0x04
_MAX_STRINGS = 5_000_000


def short_text(data: bytes, offset: int, *, biff8: bool, encoding: str) -> str:
    """Whose length is one byte: names of sheets, and all of BIFF5's formats."""
    length = data[offset]
    return _text(data, offset + 1, length, biff8=biff8, encoding=encoding)


def long_text(data: bytes, offset: int, *, biff8: bool, encoding: str) -> str:
    """Whose length is two bytes."""
    (length,) = struct.unpack_from("<H", data, offset)
    return _text(data, offset + 2, length, biff8=biff8, encoding=encoding)


def _text(data: bytes, offset: int, length: int, *, biff8: bool, encoding: str) -> str:
    if not biff8:
        return data[offset : offset + length].decode(encoding, "replace")
    flags = data[offset]
    if flags & _WIDE:
        return data[offset + 1 : offset + 1 + 2 * length].decode("utf-16-le", "replace")
    return data[offset + 1 : offset + 1 + length].decode("latin-1")


class Strings:
    """The shared strings: one long record in parts. Where a part ends inside of a text, the next
    begins with a byte that says how wide its characters are."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts
        self._part = 0
        self._at = 0

    def __iter__(self) -> Iterator[str]:
        _, unique = struct.unpack("<II", self._take(8))
        for _ in range(min(unique, _MAX_STRINGS)):
            try:
                yield self._next()
            except (struct.error, EOFError):  # the table is shorter than it says
                return

    def _next(self) -> str:
        (length, flags) = struct.unpack("<HB", self._take(3))
        runs = struct.unpack("<H", self._take(2))[0] if flags & _RICH else 0
        guide = struct.unpack("<I", self._take(4))[0] if flags & _PHONETIC else 0
        text = self._characters(length, wide=bool(flags & _WIDE))
        self._take(4 * runs + guide)
        return text

    def _characters(self, length: int, *, wide: bool) -> str:
        pieces: list[str] = []
        while length > 0:
            if self._at >= len(self._current()):
                self._turn()
                wide = bool(self._take(1)[0] & _WIDE)
            size = 2 if wide else 1
            available = min(length, max((len(self._current()) - self._at) // size, 1))
            taken = self._take(available * size)
            pieces.append(taken.decode("utf-16-le" if wide else "latin-1", "replace"))
            length -= available
        return "".join(pieces)

    def _take(self, size: int) -> bytes:
        """The next bytes, over the ends of parts. Raises EOFError."""
        taken = b""
        while size > len(taken):
            if self._at >= len(self._current()):
                self._turn()
            piece = self._current()[self._at : self._at + size - len(taken)]
            self._at += len(piece)
            taken += piece
        return taken

    def _current(self) -> bytes:
        return self._parts[self._part]

    def _turn(self) -> None:
        if self._part + 1 >= len(self._parts):
            raise EOFError
        self._part, self._at = self._part + 1, 0
