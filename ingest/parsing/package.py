"""ZIP containers (Office, EPUB, archives), looked over before anything in them is unpacked."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.errors import ParseError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_ENTRIES = 5000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_SUSPECT_BYTES = 64 * 1024 * 1024  # below it no ratio does harm
_MAX_RATIO = 200  # text packs to a tenth, the most regular sheets to a hundredth
_OLE = b"\xd0\xcf\x11\xe0"
_PROLOG_BYTES = 64 * 1024
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)


class Package:
    """The members of a ZIP container by name; each is unpacked when asked for."""

    def __init__(self, data: bytes, name: str, what: str) -> None:
        """`what` names the format for people, e.g. `a Word document`.

        Raises ParseError `encrypted`, `archive_bomb`, `unsafe_names` or `broken`.
        """
        self._name, self._what = name, what
        if data.startswith(_OLE):
            raise _not_zip(data, name, what)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except UNREADABLE as error:
            raise self._broken() from error
        self.entries = [entry for entry in self._zip.infolist() if not entry.filename.endswith("/")]
        _check(self.entries, name)

    def names(self) -> list[str]:
        return [entry.filename for entry in self.entries]

    def read(self, member: str | zipfile.ZipInfo) -> bytes:
        """Raises ParseError `broken` where the member is missing or damaged."""
        try:
            return self._zip.read(member)
        except (KeyError, RuntimeError, *UNREADABLE) as error:
            raise self._broken() from error

    def xml(self, member: str) -> "_Element":
        """The root of an XML member. Raises ParseError `broken` or `unsafe_xml`."""
        from lxml import etree

        content = self.read(member)
        refuse_entities(content, self._name)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        try:
            return etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise self._broken() from error

    def stream(self, member: str, *names: str) -> Iterator["_Element"]:
        """Elements of an XML member with these local names as they end, one at a time, whatever
        their name space; each is emptied afterwards. Raises ParseError `broken` or `unsafe_xml`."""
        from lxml import etree

        try:
            with self._zip.open(member) as head:
                refuse_entities(head.read(_PROLOG_BYTES), self._name)
            with self._zip.open(member) as content:
                tags = [f"{{*}}{name}" for name in names]
                for _, element in etree.iterparse(
                    content, tag=tags, resolve_entities=False, no_network=True, huge_tree=False
                ):
                    yield element
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        except (KeyError, RuntimeError, etree.XMLSyntaxError, *UNREADABLE) as error:
            raise self._broken() from error

    def refuse_entities(self) -> None:
        """Look into every XML member, for libraries that read the package by themselves."""
        for entry in self.entries:
            if entry.filename.endswith((".xml", ".rels")):
                try:
                    with self._zip.open(entry) as stream:
                        refuse_entities(stream.read(_PROLOG_BYTES), self._name)
                except (RuntimeError, *UNREADABLE) as error:
                    raise self._broken() from error

    def _broken(self) -> ParseError:
        return ParseError(
            f"{self._name} is damaged or not {self._what}. Open it in the program that made it, "
            "save it again, and retry."
        )


def refuse_entities(content: bytes, name: str) -> None:
    """No writer of Office files defines XML entities; attackers do. Raises `unsafe_xml`."""
    prolog = content[:_PROLOG_BYTES].replace(b"\x00", b"")  # UTF-16 too
    if b"<!ENTITY" in prolog:
        raise ParseError(
            f"{name} defines XML entities, which can blow up in memory. It was not read.",
            code="unsafe_xml",
        )


def _not_zip(data: bytes, name: str, what: str) -> ParseError:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return ParseError(
            f"{name} is protected with a password. Remove the password and upload it again.",
            code="encrypted",
        )
    return ParseError(
        f"{name} is an Office file of before 2007, not {what}. Save it in the newer format "
        "and upload it again."
    )


def _check(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise ParseError(
            f"{name} is protected with a password. Remove the password and upload it again.",
            code="encrypted",
        )
    if len(entries) > MAX_ENTRIES:
        raise ParseError(
            f"{name} holds {len(entries):,} files; {MAX_ENTRIES:,} is the limit. Split it up.",
            code="archive_bomb",
        )
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    bomb = unpacked > _SUSPECT_BYTES and unpacked > _MAX_RATIO * max(packed, 1)
    if bomb or unpacked > MAX_UNPACKED_BYTES:
        raise ParseError(
            f"{name} unpacks to {unpacked >> 20:,} MiB, more than is safe to read "
            f"(limit {MAX_UNPACKED_BYTES >> 20} MiB). Split it up.",
            code="archive_bomb" if bomb else "too_large",
        )
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
            raise ParseError(
                f"{name} holds a file whose name is empty or leads out of it. It was not read.",
                code="unsafe_names",
            )
