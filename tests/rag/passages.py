"""Passages for tests."""

from app.rag.types import Passage


def passage(text: str, number: int = 1, name: str = "员工手册.md", start: int = 0) -> Passage:
    return Passage(
        chunk_id=number,
        document_id=f"d{number}",
        document_name=name,
        base_id="b",
        ordinal=0,
        text=text,
        start=start,
        end=start + len(text),
    )
