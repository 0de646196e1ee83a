"""Labels with their values beside a table: `客户： 宏远 | 日期： 3月5日`, `单位：万元`."""

import re
from collections.abc import Sequence

# No times, ratios and addresses: 9：00, 1:4, https://.
_LABEL = re.compile(r"[^：:]{1,20}(?:(?<!\d)：|：(?!\d)|:(?!\d|//))")


def has_label(cells: Sequence[str]) -> bool:
    """Whether one of the cells begins with a label."""
    return any(map(_LABEL.match, cells))


def is_label_row(cells: Sequence[str]) -> bool:
    """Whether each cell is a label, with its value or without, or the value of the one before it.
    A row of one label and one value may be a total: it takes two labels, or a cell alone."""
    labels = 0
    is_open = False  # the cell before is a label without a value
    for text in cells:
        label = _LABEL.match(text)
        if label is None and not is_open:
            return False
        labels += label is not None
        is_open = label is not None and label.end() == len(text.rstrip())
    return labels > 1 or (labels == 1 and len(cells) == 1)


def are_open_labels(cells: Sequence[str]) -> bool:
    """Whether each cell is a label without a value: heads such as `姓名： | 电话：`."""
    labels = [_LABEL.match(text) for text in cells]
    return all(
        label is not None and label.end() == len(text.rstrip())
        for label, text in zip(labels, cells, strict=True)
    )


def words_of(cells: Sequence[str]) -> str:
    """The cells of a row that is no row of the table, as a line: a label beside its value, the next
    label at a distance."""
    parts: list[str] = []
    for text in cells:
        if parts:
            parts.append("\u3000" if _LABEL.match(text) else " ")
        parts.append(text)
    return "".join(parts)
