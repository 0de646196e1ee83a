"""Names in cells and heads, and whether a question holds them."""

import re
import unicodedata

_PARTS = re.compile(r"[、，,;；:：/()]|及?以[上下内]")  # 一类：北京、上海; 总监及以上
_CJK_SPACES = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")


def plain(text: str) -> str:
    """In one form, without the spaces beside Chinese characters."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return _CJK_SPACES.sub("", folded)


def names(text: str) -> bool:
    """An amount names nothing, nor does a single character."""
    return len(text) > 1 and not text[0].isdigit()


def parts(cell: str) -> list[str]:
    """The items of a cell that are names."""
    return [part.strip() for part in _PARTS.split(plain(cell)) if names(part.strip())]


def holds(text: str, name: str) -> bool:
    """Whether it stands there, as whole words where it begins or ends with a Latin letter."""
    before = r"(?<![a-z0-9])" if name[0].isascii() else ""
    behind = r"(?![a-z0-9])" if name[-1].isascii() else ""
    return bool(re.search(before + re.escape(name) + behind, text))
