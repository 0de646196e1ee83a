"""Which weight and thresholds an embedder has: the registry's, calibrated ones, or none yet."""

from pathlib import Path

from app.config import Settings
from app.models.store import ModelStore
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.retrieval.gate import Answerable, Scoring
from app.services.calibration.calibrator import Calibrator
from app.services.calibration.record import Calibration, Measured, read_calibration
from app.services.calibration.said import UNCALIBRATED, said_of_stored
from ingest.embedding.embedder import Embedder
from ingest.embedding.remote.embedder import RemoteEmbedder


def said_of_embedder(store: ModelStore, embedder: str, served: str = "") -> str:
    """What there is to say about an embedder's calibration without the service; empty for one that
    was measured. `served` as in `stored_calibration`. Raises ChecksumMismatch."""
    if _has_thresholds(store, embedder):
        return ""
    stored = stored_calibration(store, embedder, served)
    return said_of_stored(stored)[0] if stored else UNCALIBRATED


def stored_calibration(store: ModelStore, embedder: str, served: str = "") -> Calibration | None:
    """What a calibration of these weights found; `served`: the identity of a model that a server
    runs. Raises ChecksumMismatch."""
    if served:
        return read_calibration(store.models_dir, embedder, served)
    if not has_weights(store, embedder):
        return None
    return read_calibration(store.models_dir, embedder, store.checksum(embedder))


def has_weights(store: ModelStore, embedder: str) -> bool:
    """Whether the model is here; the hashing embedder has none."""
    return Path(embedder).name == embedder and (store.models_dir / embedder).is_dir()


def build_calibrator(settings: Settings, store: ModelStore, embedder: Embedder) -> Calibrator:
    """With the scoring that search and gate go by: the registry's, a stored calibration's, or
    without thresholds, so that every question is answered, until it has calibrated."""
    name = embedder.name
    spec = store.registry.find(name)
    known = _has_thresholds(store, name)
    served = embedder.model.identity if isinstance(embedder, RemoteEmbedder) else ""
    stored = None if known else stored_calibration(store, name, served)

    def adopt(measured: Measured | None) -> Answerable:
        return _answerable(settings, store, name, measured)

    return Calibrator(
        embedder,
        store.models_dir,
        checksum=lambda: served or store.checksum(name),
        adopt=adopt,
        scoring=Scoring(adopt(stored.measured if stored else None)),
        dense_weight=spec.dense_weight if spec and not known else None,
        in_registry=known,
        has_weights=bool(served) or has_weights(store, name),
        calibration=stored,
    )


def _has_thresholds(store: ModelStore, embedder: str) -> bool:
    spec = store.registry.find(embedder)
    return spec is not None and bool(spec.answerable_from)


def _answerable(
    settings: Settings, store: ModelStore, embedder: str, measured: Measured | None
) -> Answerable:
    """The registry's values come before calibrated ones, and the settings before both."""
    spec = store.registry.find(embedder)
    found = measured.answerable if measured else Answerable()
    if spec is not None and spec.answerable_from:
        found = Answerable(dict(spec.answerable_from), spec.dense_weight or DENSE_WEIGHT)
    weight = found.dense_weight
    if settings.dense_weight is not None:
        weight = settings.dense_weight
    elif spec is not None and spec.dense_weight is not None:
        weight = spec.dense_weight
    return Answerable(found.thresholds if settings.abstain else {}, weight, found.growth)
