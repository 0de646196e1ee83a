"""What a base holds, for questions about the base itself."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import DocumentText, StoredDocument
from app.rag.types import Scope
from app.services.people.grants import is_withheld
from app.tasks.about_base import ListedFile


@dataclass(frozen=True, slots=True)
class Contents:
    """A `Shelf` over the database."""

    db: Database

    def files(self, scope: Scope) -> list[ListedFile]:
        """One per file: its version that is searched, else the newest."""
        with self.db.read() as session:
            stored = session.exec(
                select(StoredDocument)
                .where(
                    col(StoredDocument.base_id).in_(scope.base_ids),
                    StoredDocument.state != "superseded",
                    ~is_withheld(scope.withheld),
                )
                .order_by(StoredDocument.name, col(StoredDocument.version))
            ).all()
        by_series: dict[str, StoredDocument] = {}
        for document in stored:
            known = by_series.get(document.series_id)
            if known is None or known.state != "ready":
                by_series[document.series_id] = document
        return [
            ListedFile(d.id, d.name, d.title, d.state == "ready", d.updated_at)
            for d in by_series.values()
        ]

    def text(self, document_id: str) -> str:
        with self.db.read() as session:
            stored = session.get(DocumentText, document_id)
            return stored.text if stored is not None else ""
