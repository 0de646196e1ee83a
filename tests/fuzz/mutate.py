"""Damaged copies of files, the same for the same seed."""

import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

from tests.ingest.office_files import zip_file

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MAX_BYTES = 2_000_000


def mutated(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """One to four kinds of damage; half the time inside a member where `data` is an archive."""
    if data.startswith(b"PK") and random.random() < 0.5:
        inside = _inside_archive(data, others, random)
        if inside is not None:
            return inside
    for _ in range(random.choice((1, 1, 2, 4))):
        data = random.choice(_WAYS)(data, others, random)[:_MAX_BYTES]
    return data


def _inside_archive(data: bytes, others: Sequence[bytes], random: Random) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError):
        return None
    name = random.choice(sorted(members))
    if random.random() < 0.1:
        del members[name]
    else:
        members[name] = random.choice(_WAYS)(members[name], others, random)
    return zip_file(members)


def _flip_bits(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 3, 20))):
        if changed:
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut_off(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _remove(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 3, 50)) + data[end:]


def _number(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """An extreme number where one may have been."""
    at, width = random.randrange(len(data) + 1), random.choice((1, 2, 4))
    number = random.choice(_NUMBERS) & (256**width - 1)
    return data[:at] + number.to_bytes(width, random.choice(("little", "big"))) + data[at + width :]


def _splice(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others)
    at, (start, end) = random.randrange(len(data) + 1), _span(other, random)
    return data[:at] + other[start:end] + data[at:]


def _noise(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.randbytes(random.choice((1, 16, 300))) + data[at:]


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 8, 64, 1024)))


_WAYS: list[Callable[[bytes, Sequence[bytes], Random], bytes]] = [
    _flip_bits, _cut_off, _remove, _repeat, _number, _splice, _noise,
]  # fmt: skip
