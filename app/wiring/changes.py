"""What answers depend on beside the documents, and who answers a base's own questions."""

from typing import Any

from app.config import Settings
from app.db.engine import Database
from app.rag.prompting.prompt import PROMPT_VERSION
from app.services.improvement.changes.recordings import Recordings
from app.version import VERSION
from app.wiring.engines import engine_list
from app.wiring.improvement import served_style
from app.wiring.models import embedder_name, model_store
from ingest.recipe import RECIPE

_SETTINGS = (
    *("chunk_tokens", "top_k", "candidates", "dense_weight", "reranker", "rewrite_follow_ups"),
    *("abstain", "judge", "max_answer_tokens", "temperature", "tool_steps", "prompt_budget"),
)


def build_recordings(settings: Settings) -> Recordings:
    """Needs neither a running service nor models."""
    db = Database(settings.sql_url)
    db.migrate()
    return Recordings(db)


def fingerprint(settings: Settings) -> dict[str, Any]:
    """Versions, models and settings, as plain JSON. Adapters have a gate of their own, and
    documents change answers for good reason: neither is in it. Raises EnginesInvalid."""
    store = model_store(settings)
    engines = engine_list(settings, store).engines
    found = {name: getattr(settings, name) for name in _SETTINGS}
    return {
        **{name: list(v) if isinstance(v, tuple) else v for name, v in found.items()},
        "zhiwen": VERSION,
        "reading": RECIPE,
        "prompt": f"{PROMPT_VERSION}/{served_style(settings)}",
        "embedder": embedder_name(settings, store),
        "models": {
            each.name: [each.served_model, each.thinking, each.sampling.model_dump()]
            for each in engines
        },
    }
