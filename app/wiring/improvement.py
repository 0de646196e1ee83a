"""Builds what runs from ratings to adapters."""

from collections.abc import Sequence

from app.config import Settings
from app.db.engine import Database
from app.rag.prompting.styles import ANSWER
from app.services.errors import NotFound
from app.services.improvement.datasets import DataSets
from app.services.library.bases import find_base
from app.wiring.engines import engine_list
from app.wiring.models import model_store


def build_datasets(settings: Settings) -> DataSets:
    """Needs neither a running service nor models."""
    db = Database(settings.sql_url)
    db.migrate()
    return DataSets(db, settings.data_dir / "datasets")


def base_ids(settings: Settings, names: Sequence[str]) -> list[str]:
    """The ids of bases given by name. Raises NotFound."""
    db, found = Database(settings.sql_url), []
    with db.read() as session:
        for name in names:
            base = find_base(session, name)
            if base is None:
                raise NotFound("knowledge base", name)
            found.append(base.id)
    return found


def served_style(settings: Settings) -> str:
    """The prompt style of the first engine's model."""
    store = model_store(settings)
    first = engine_list(settings, store).engines[0]
    spec = store.registry.find(first.served_model)
    return spec.prompt_style if spec is not None else ANSWER.name
