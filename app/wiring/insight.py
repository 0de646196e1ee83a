"""Builds what people see who keep bases and the installation."""

from dataclasses import dataclass

from app.db.engine import Database
from app.services.answers.approved_answer import FindApproved
from app.services.checkup.check_ups import CheckUps
from app.services.insight.figures import Figures
from app.services.insight.gaps import Gaps
from app.services.insight.noting import Noting
from ingest.embedding.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Insight:
    noting: Noting
    figures: Figures
    gaps: Gaps
    check_ups: CheckUps


def build_insight(db: Database, embedder: Embedder, approved: FindApproved) -> Insight:
    noting = Noting(db, embedder)
    return Insight(noting, Figures(db, noting), Gaps(db, noting, approved), CheckUps(db))
