"""Bytes to text: byte-order mark, UTF-8, the Chinese legacy encodings, then charset-normalizer."""

import codecs
import re

from ingest.errors import ParseError

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 256 * 1024
_MAX_BROKEN_SHARE = 0.001
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]")


def decode(data: bytes, name: str, *, declared: str | None = None) -> str:
    """The text of `data`. `declared` is tried first where the file names its own encoding.

    Raises ParseError `encoding` where no encoding fits or the content is binary.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    candidates = [_superset(declared), "utf-8"] if declared else ["utf-8"]
    for candidate in candidates:
        text = _strict(data, candidate)
        if text is not None and "\x00" not in text:
            return text
    return _without_mark(data, name)


def _without_mark(data: bytes, name: str) -> str:
    sample = data[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        return _utf16(data, name)
    patched = data.decode("utf-8", errors="replace")
    if patched.count("\ufffd") <= len(patched) * _MAX_BROKEN_SHARE:
        return patched
    encoding = _chinese(sample) or _best_guess(sample)
    if encoding is None:
        raise ParseError(
            f"The text encoding of {name} was not recognised. Save it as UTF-8 and try again.",
            code="encoding",
        )
    return data.decode(encoding, errors="replace")


def _superset(encoding: str) -> str:
    """GB2312 and GBK declared mean GB18030 in practice, Latin-1 means Windows-1252."""
    lowered = encoding.strip().lower().replace("_", "-")
    if lowered in {"gb2312", "gbk", "gb-2312", "x-gbk", "cp936"}:
        return "gb18030"
    return "cp1252" if lowered in {"iso-8859-1", "latin-1", "latin1"} else lowered


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _utf16(data: bytes, name: str) -> str:
    """UTF-16 without a mark: Latin and CJK texts have their NULs on one side only."""
    even, odd = data[0:_SAMPLE_BYTES:2].count(0), data[1:_SAMPLE_BYTES:2].count(0)
    if max(even, odd) > 10 * min(even, odd):
        text = _strict(data, "utf-16-le" if odd > even else "utf-16-be")
        if text is not None and "\x00" not in text:
            return text
    raise ParseError(
        f"{name} holds binary data, not text. Check that its name ends in the right suffix.",
        code="encoding",
    )


def _chinese(sample: bytes) -> str | None:
    """`gb18030` or `big5` where the byte pairs are mostly those of common characters.

    charset-normalizer is unsure of short Chinese texts. Common simplified characters lie in
    GB 2312's first level (lead 0xB0–0xD7, trail from 0xA1), punctuation in 0xA1–0xA3; common
    traditional ones in Big5's 0xA4–0xC6. Korean in EUC-KR also fills 0xB0–0xC8, hence the
    look at 0xC9 and above.
    """
    pairs = _PAIR.findall(sample)
    if not pairs:
        return None
    level_1 = sum(0xB0 <= lead <= 0xD7 and trail >= 0xA1 for lead, trail in pairs)
    symbols = sum(0xA1 <= lead <= 0xA3 and trail >= 0xA1 for lead, trail in pairs)
    upper = sum(0xC9 <= lead <= 0xD7 and trail >= 0xA1 for lead, trail in pairs)
    simplified = level_1 + symbols >= 0.75 * len(pairs) and upper >= max(1, 0.1 * level_1)
    if simplified and _mostly_decodes(sample, "gb18030"):
        return "gb18030"
    frequent = sum(0xA4 <= lead <= 0xC6 or lead == 0xA1 for lead, _ in pairs)
    low_trails = sum(trail < 0x7F for _, trail in pairs)
    traditional = frequent >= 0.85 * len(pairs) and low_trails >= 0.2 * len(pairs)
    return "big5hkscs" if traditional and _mostly_decodes(sample, "big5hkscs") else None


def _mostly_decodes(sample: bytes, encoding: str) -> bool:
    text = sample.decode(encoding, errors="replace")
    return text.count("\ufffd") <= 1 + len(text) * _MAX_BROKEN_SHARE


def _best_guess(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best else None
