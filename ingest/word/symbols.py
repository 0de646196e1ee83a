"""Characters of symbol fonts, whose codes mean what the font draws: a tick, an arrow, ≥."""

_TICKED, _CROSSED, _EMPTY = "☑", "☒", "☐"
_WINGDINGS = {
    **dict.fromkeys((0x6F, 0x70, 0x71, 0x72, 0xA8), _EMPTY),
    **{0xFE: _TICKED, 0xFD: _CROSSED, 0xFC: "✓", 0xFB: "✗"},
    **{0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x75: "◆", 0x76: "❖", 0x77: "◆", 0xA7: "▪"},
    **{0x9E: "·", 0x9F: "•", 0xA1: "○", 0xD8: "➢", 0xB5: "★", 0xAB: "★", 0x4A: "☺"},
    **{0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE7: "⇐", 0xE8: "➔", 0xF0: "⇨"},
    **{0x28: "☎", 0x2A: "✉", 0x46: "☞", 0x21: "✏", 0x22: "✂"},
    **{0x80: "⓪", 0x8B: "⓿"},
    **{0x81 + n: chr(0x2460 + n) for n in range(10)},
    **{0x8C + n: chr(0x2776 + n) for n in range(10)},
}
_WINGDINGS_2 = {
    **{0x50: "✓", 0x4F: "✗", 0x52: _TICKED, 0x51: _CROSSED, 0x53: _CROSSED, 0x54: _CROSSED},
    **dict.fromkeys((0x2A, 0xA3, 0xA4, 0x99), _EMPTY),
    **{0x95: "•", 0x96: "●", 0x97: "●", 0xA1: "■", 0x81: "○"},
    **{0x6A + n: chr(0x2460 + n) for n in range(10)},
}
_WINGDINGS_3 = {0x66: "←", 0x67: "→", 0x68: "↑", 0x69: "↓", 0x7D: "▶", 0x7C: "◀", 0x84: "◣"}
_WEBDINGS = {0x61: "✓", 0x63: _EMPTY, 0x67: "■", 0x72: "✗", 0x6E: "●", 0x34: "▶", 0x33: "◀"}
_SYMBOL = {
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0xA2, 0xBF), "′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯", strict=True)),
    **dict(zip(range(0xC4, 0xD2), "⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇", strict=True)),
    **dict(zip(range(0xD2, 0xDF), "®©™∏√⋅¬∧∨⇔⇐⇑⇒", strict=True)),
    **{0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2A: "∗", 0x2D: "−", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥"},
    **{0xA1: "ϒ", 0xBF: "↵", 0xC0: "ℵ", 0xE5: "∑", 0xF2: "∫", 0x7E: "∼", 0xDF: "⇓", 0xE0: "◊"},
}
_FONTS = {
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
    "symbol": _SYMBOL,
}


def is_symbol_font(font: str) -> bool:
    return font.strip().lower() in _FONTS


def drawn(text: str, font: str) -> str:
    """`text` as `font` draws it. Codes that it has no letters for stay, private ones vanish."""
    table = _FONTS.get(font.strip().lower(), {})
    return "".join(_drawn(character, table) for character in text)


def _drawn(character: str, table: dict[int, str]) -> str:
    code = ord(character)
    private = 0xF000 <= code <= 0xF0FF
    low = code - 0xF000 if private else code
    if low in table:
        return table[low]
    if private:
        return chr(low) if 0x20 <= low < 0x7F else ""
    return character


def checkbox(checked: bool) -> str:
    return _TICKED if checked else _EMPTY
