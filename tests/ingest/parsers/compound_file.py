"""A writer of compound files (OLE2) just good enough for an Outlook message in a test."""

import struct
from dataclasses import dataclass, field

_SECTOR, _MINI = 512, 64
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass
class Storage:
    streams: dict[str, bytes]
    storages: dict[str, "Storage"] = field(default_factory=dict)


@dataclass
class _Entry:
    name: str
    kind: int
    start: int = _END
    size: int = 0
    child: int = _FREE
    sibling: int = _FREE

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le") + b"\0\0"
        return (
            name.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(name), self.kind, 1, _FREE, self.sibling, self.child)
            + bytes(36)
            + struct.pack("<IQ", self.start, self.size)
        )


def compound_file(root: Storage) -> bytes:
    """Every stream goes into the mini stream, so all of them together stay below 60 kB."""
    entries = [_Entry("Root Entry", _ROOT)]
    mini, mini_fat = bytearray(), []
    _add(root, 0, entries, mini, mini_fat)
    directory = b"".join(entry.packed() for entry in entries)
    directory += bytes(-len(directory) % _SECTOR)
    table = b"".join(struct.pack("<I", number) for number in mini_fat)
    table += b"\xff" * (-len(table) % _SECTOR)
    stream = bytes(mini) + bytes(-len(mini) % _SECTOR)
    parts = [directory, table, stream]
    counts = [len(part) // _SECTOR for part in parts]
    starts = [1, 1 + counts[0], 1 + counts[0] + counts[1]]
    fat = [_FAT]
    for start, count in zip(starts, counts, strict=True):
        fat += [*range(start + 1, start + count), _END]
    assert len(fat) <= _SECTOR // 4
    entries[0].start, entries[0].size = starts[2], len(mini)
    parts[0] = b"".join(entry.packed() for entry in entries).ljust(len(directory), b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
                          starts[1], counts[1], _END, 0, 0)  # fmt: skip
    header += b"\xff" * (_SECTOR - len(header))
    sectors = b"".join(struct.pack("<I", number) for number in fat).ljust(_SECTOR, b"\xff")
    return header + sectors + b"".join(parts)


def _add(
    storage: Storage, own: int, entries: list[_Entry], mini: bytearray, mini_fat: list[int]
) -> None:
    before = None
    for name, content in [*storage.streams.items(), *storage.storages.items()]:
        index = len(entries)
        if before is None:
            entries[own].child = index
        else:
            entries[before].sibling = index
        before = index
        if isinstance(content, Storage):
            entries.append(_Entry(name, _STORAGE))
            _add(content, index, entries, mini, mini_fat)
        else:
            start, count = len(mini_fat), -(-len(content) // _MINI)
            mini_fat += [*range(start + 1, start + count), _END] if count else []
            mini += content + bytes(-len(content) % _MINI)
            entries.append(_Entry(name, _STREAM, start if count else _END, len(content)))
