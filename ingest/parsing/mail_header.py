"""Header fields of a message as they travel: encoded words (RFC 2047), or bytes beyond ASCII.

The standard library decodes each encoded word by itself, so that a character split over two words
is lost, and takes bytes beyond ASCII, which many Chinese programs send, for damage.
"""

import binascii
import re

from ingest.parsing.decode import decode

_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?]*)?\?([bqBQ])\?([^?\n]*)\?=")
_BETWEEN = re.compile(r"[ \t\r\n]*")
_FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]+")


def header_text(raw: str, charset: str | None = None) -> str:
    """A field's value as people read it. Bytes beyond ASCII are surrogates in `raw`, as the parser
    leaves them; `charset` is the body's, which they often share."""
    unfolded = _FOLD.sub("", raw)
    data = unfolded.encode("utf-8", "surrogateescape")
    text = unfolded if data.isascii() else decode(data, "header", declared=charset)
    return _decoded_words(text).strip()


def _decoded_words(text: str) -> str:
    parts: list[str] = []
    run: list[tuple[str, bytes]] = []  # neighbouring words: charset and bytes
    end = 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        if not (run and _BETWEEN.fullmatch(between)):
            parts += [_joined(run), between]
            run = []
        run.append((word[1], _bytes(word[2], word[3])))
        end = word.end()
    return "".join([*parts, _joined(run), text[end:]])


def _joined(run: list[tuple[str, bytes]]) -> str:
    """Bytes of neighbours in one charset are one text."""
    parts: list[str] = []
    at = 0
    while at < len(run):
        charset, data = run[at]
        at += 1
        while at < len(run) and run[at][0].lower() == charset.lower():
            data += run[at][1]
            at += 1
        parts.append(decode(data, "header", declared=charset) if data else "")
    return "".join(parts)


def _bytes(encoding: str, written: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(written.replace("_", " ").encode("utf-8", "replace"), header=False)
    letters = re.sub(r"[^A-Za-z0-9+/]", "", written)
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4) if len(letters) % 4 != 1 else "")
