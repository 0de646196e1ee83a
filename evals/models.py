"""Downloads the models that an eval or a benchmark needs, so that it runs in a fresh clone."""

from app.cli.models import pull_models, pull_needed
from app.config import Settings
from app.install.steps import Step
from app.wiring.models import embedder_name, model_store


def obtain_models(settings: Settings, *, embedder_only: bool = False) -> None:
    """Downloads what is missing and verifies all. Raises ModelError."""
    store = model_store(settings)
    with Step("models") as step:
        if not embedder_only:
            pull_needed(settings, store, step)
        elif settings.embedder != "hashing" and settings.embedder_url is None:
            name = embedder_name(settings, store)
            pull_models(store, [name], step)
            step.end(name)
