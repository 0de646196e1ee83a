"""Groups units by the h1 and h2 they stand under, and joins tiny neighbours of one parent."""

from dataclasses import dataclass, field

from ingest.chunking.units import Boundary, Unit

_DEEPEST_LEVEL = 2
_TINY_SHARE = 0.25  # of the limit


@dataclass(slots=True)
class Section:
    """Units that may share a chunk. A chunk never crosses from one section to the next."""

    units: list[Unit] = field(default_factory=list)
    tokens: int = 0
    only_headings: bool = True

    def extend(self, units: list[Unit]) -> None:
        self.units += units
        self.tokens += sum(unit.tokens for unit in units)
        self.only_headings &= all(unit.boundary is Boundary.HEADING for unit in units)


def sections(units: list[Unit], max_tokens: int) -> list[Section]:
    """Sections in order: one for each h1 or h2 with what follows it, tiny neighbours joined."""
    raw: list[Section] = []
    for unit in units:
        if not raw or (unit.boundary is Boundary.HEADING and unit.levels[-1] <= _DEEPEST_LEVEL):
            raw.append(Section())
        raw[-1].extend([unit])
    merged: list[Section] = []
    for section in raw:
        if merged and _belong_together(merged[-1], section, max_tokens):
            merged[-1].extend(section.units)
        else:
            merged.append(section)
    return merged


def _belong_together(before: Section, after: Section, max_tokens: int) -> bool:
    if before.only_headings and before.tokens <= max_tokens:
        return True  # a heading is no chunk of its own
    tiny = min(before.tokens, after.tokens) <= _TINY_SHARE * max_tokens
    if not tiny or before.tokens + after.tokens > max_tokens:
        return False
    return _related(_top(before.units[-1]), _top(after.units[0]))


def _related(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Siblings, or a parent's own words followed by its first child."""
    return before[:-1] == after[:-1] or before == after[: len(before)]


def _top(unit: Unit) -> tuple[str, ...]:
    return tuple(
        heading
        for heading, level in zip(unit.path, unit.levels, strict=True)
        if level <= _DEEPEST_LEVEL
    )
