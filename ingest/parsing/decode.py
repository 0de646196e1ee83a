"""Bytes to text: byte-order mark, UTF-8, the likeliest legacy encoding, then charset-normalizer."""

import codecs

from ingest.errors import ParseError
from ingest.parsing.charsets import is_accident, likely_encoding, usual_share

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 256 * 1024
_ASCII_BYTES = bytes(range(128))
_MIN_USUAL = 0.5  # share of usual characters in a text
_WESTERN = "cp1252"
_CHINESE_TO_KOREAN = {"gb18030", "big5hkscs", "cp932", "euc_jp", "euc_kr"}
_LATIN_1 = {"iso-8859-1", "iso8859-1", "latin-1", "latin1", "l1", "windows-1252", "cp1252"}
_TWO_BYTES = {"gb18030", "big5", "big5-hkscs", "shift-jis", "euc-jp", "euc-kr", "cp950", "cp932"}
_TWO_BYTES |= {
    "cp949",
    "ks-c-5601-1987",
    "x-sjis",
    "sjis",
    "windows-31j",
    "hz-gb-2312",
    "big5hkscs",
}
_MIN_HIGH_BYTES = 32  # from here on charset-normalizer tells Western encodings apart


def decode(data: bytes, name: str, *, declared: str | None = None) -> str:
    """The text of `data`. `declared` is the encoding that the file names, which is often that of
    another file: what is UTF-8 beyond doubt is read as such, and Western encodings, which every
    file fits, are believed where the letters look Western.

    Raises ParseError `encoding` where no encoding fits or the content is binary.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    named = _superset(declared) if declared else ""
    utf8 = _strict(data, "utf-8")
    own = _strict(data, named) if named not in ("", _WESTERN) else None
    if utf8 is not None and (own is None or _is_surely_utf8(utf8, named)):
        return _utf8_or_likely(data, utf8)
    if own is not None:
        return own
    return _without_mark(data, name, western=named == _WESTERN)


def _is_surely_utf8(text: str, named: str) -> bool:
    """In an encoding of two bytes a letter, what is UTF-8 as well by chance has letters of two
    bytes only; in others hardly anything is."""
    if text.isascii():
        return False  # as are all of ISO-2022
    if named in _TWO_BYTES:
        return any(character >= "\u0800" for character in text)
    return not is_accident(text)


def _utf8_or_likely(data: bytes, text: str) -> str:
    if text.isascii() or not is_accident(text):
        return text
    likely = likely_encoding(data)
    return text if likely is None else data.decode(likely, errors="replace")


def _without_mark(data: bytes, name: str, *, western: bool) -> str:
    """`western` where the file says so."""
    sample = data[: data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or _SAMPLE_BYTES]
    if b"\x00" in sample:
        return _utf16(data, name)
    # A look at the beginning spares a large file in another encoding the way line by line.
    if _mostly_utf8(sample) is not None and (text := _mostly_utf8(data)) is not None:
        return text
    encoding = _guess(sample) if not western else _WESTERN
    if western and (likely := likely_encoding(sample)) in _CHINESE_TO_KOREAN:
        encoding = likely
    if encoding is None:
        raise ParseError(
            f"The text encoding of {name} was not recognised. Save it as UTF-8 and try again.",
            code="encoding",
        )
    return data.decode(encoding, errors="replace")


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 with some lines in another encoding, as logs have them, or some broken bytes; None
    where most of what is beyond ASCII is not UTF-8 at all."""
    lines = data.split(b"\n")
    odd = {n: line for n, line in enumerate(lines) if _strict(line, "utf-8") is None}
    broken = {n: line.decode("utf-8", errors="replace") for n, line in odd.items()}
    # A line that is UTF-8 but for a few bytes is damaged, not in another encoding.
    foreign = [n for n, text in broken.items() if 3 * text.count("\ufffd") > _usual(text)]
    high = sum(_high_bytes(line) for n, line in enumerate(lines) if n not in foreign)
    foreign_high = sum(_high_bytes(lines[n]) for n in foreign)
    if foreign_high and foreign_high >= high:
        return None
    encoding = _guess(b"\n".join(lines[n] for n in foreign)[:_SAMPLE_BYTES]) if foreign else None
    if encoding is not None:
        broken |= {n: lines[n].decode(encoding, errors="replace") for n in foreign}
    return "\n".join(broken[n] if n in broken else line.decode() for n, line in enumerate(lines))


def _high_bytes(line: bytes) -> int:
    return 0 if line.isascii() else len(line.translate(None, _ASCII_BYTES))


def _usual(text: str) -> int:
    """Letters of UTF-8 that other encodings seldom look like by chance."""
    return sum(
        "\u0800" <= c != "\ufffd" or "\u00a0" <= c <= "\u00ff" or "\u0410" <= c <= "\u044f"
        for c in text
    )


def _superset(encoding: str) -> str:
    """GB2312 and GBK declared mean GB18030 in practice, Latin-1 means Windows-1252."""
    lowered = encoding.strip().lower().replace("_", "-")
    if lowered in {"gb2312", "gbk", "gb-2312", "x-gbk", "cp936"}:
        return "gb18030"
    return _WESTERN if lowered in _LATIN_1 else lowered


def _strict(data: bytes, encoding: str) -> str | None:
    """None where it is not in the encoding, or holds characters of no text."""
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    return text if "\x00" not in text else None


def _utf16(data: bytes, name: str) -> str:
    """UTF-16 without a mark, whichever way gives the more usual text. On which side most NULs are
    does not tell: 一 and 最 have theirs where Latin letters have none."""
    texts = [
        (usual_share(text[:_SAMPLE_BYTES]), text)
        for encoding in ("utf-16-le", "utf-16-be")
        if (text := _strict(data, encoding)) is not None
    ]
    share, text = max(texts, default=(0.0, ""))
    if share >= _MIN_USUAL:
        return text
    raise ParseError(
        f"{name} holds binary data, not text. Check that its name ends in the right suffix.",
        code="encoding",
    )


def _guess(sample: bytes) -> str | None:
    """charset-normalizer is unsure of short texts, and right about long ones in other languages."""
    likely = likely_encoding(sample)
    if likely is None or (likely == "cp1252" and _high_bytes(sample) >= _MIN_HIGH_BYTES):
        return _best_guess(sample) or likely
    return likely


def _best_guess(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best else None
