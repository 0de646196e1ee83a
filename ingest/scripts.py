"""Raised and lowered figures as characters of their own: 10⁶ must not be read as 106."""

_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")


def raised(text: str) -> str:
    """`text` as superscript; as it is where it holds more than figures."""
    return _small(text, _RAISED)


def lowered(text: str) -> str:
    """`text` as subscript; as it is where it holds more than figures."""
    return _small(text, _LOWERED)


def _small(text: str, small: dict[int, int]) -> str:
    return text.translate(small) if all(ord(c) in small for c in text.strip()) else text
