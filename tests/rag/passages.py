"""Passages for tests."""

from collections.abc import Sequence

from app.rag.retrieval.pack import Around
from app.rag.types import Passage


def passage(
    text: str, number: int = 1, name: str = "员工手册.md", start: int = 0, ordinal: int = 0
) -> Passage:
    return Passage(
        chunk_id=number,
        document_id=f"d{number}",
        document_name=name,
        base_id="b",
        ordinal=ordinal,
        text=text,
        start=start,
        end=start + len(text),
    )


def chunks_of(document_id: str, texts: Sequence[str]) -> list[Passage]:
    """The chunks of one document, a blank line between each two."""
    pieces: list[Passage] = []
    start = 0
    for ordinal, text in enumerate(texts):
        pieces.append(
            Passage(
                chunk_id=1000 * int(document_id[1:]) + ordinal,
                document_id=document_id,
                document_name=f"{document_id}.md",
                base_id="b",
                ordinal=ordinal,
                text=text,
                start=start,
                end=start + len(text),
                page=ordinal + 1,
            )
        )
        start += len(text) + 2
    return pieces


def around(*pieces: Passage) -> Around:
    return {(piece.document_id, piece.ordinal): piece for piece in pieces}
