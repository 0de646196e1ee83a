"""Twelve files uploaded together, a long one first: when each is ready, by a real worker."""

import subprocess
import sys
import time
from pathlib import Path

from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.services.library.documents import DocumentView
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen, build
from evals.figures import Figure
from evals.speed.processes import end, environment
from evals.speed.synthetic import generate
from ingest.embedding.embedder import Embedder

LONG_BYTES = 630_000
FIRST_READY_S = 15.0
_SHORT_FILES = 11
_LONG = "long.md"
_PASSAGES = 1800  # more than fit into the long file
_POLL_S = 0.05
_TIMEOUT_S = 900.0


def files() -> dict[str, bytes]:
    """The long file first."""
    (text,) = generate(_PASSAGES, 1, seed=5, passages_per_file=_PASSAGES).files.values()
    short = generate(20 * _SHORT_FILES, 1, seed=6).files
    return {_LONG: text[:LONG_BYTES].decode(errors="ignore").encode(), **short}


def twelve_together(settings: Settings, data_dir: Path, embedder: Embedder) -> list[Figure]:
    """Measured from the first upload on, the start of the reading process included."""
    values = {
        "data_dir": data_dir,
        "models_dir": settings.models_path.absolute(),
        "sample_base": False,
    }
    app = build(settings.model_copy(update=values), embedder=embedder, model=ScriptedChatModel())
    app.prepare()
    base_id = app.bases.create(ME, "together").base.id
    worker = subprocess.Popen([sys.executable, "-m", "app.worker"], env=environment(values))
    try:
        began = time.monotonic()
        for name, data in files().items():
            app.documents.accept_bytes(ME, base_id, name, data)
        ready_s = _until_ready(app, base_id, began)
    finally:
        end(worker)
    chunks = {view.document.name: view.document.chunk_count for view in _views(app, base_id)}
    app.db.dispose()
    long_s = ready_s.pop(_LONG)
    short_s = sorted(ready_s.values())
    long = f"{LONG_BYTES // 1000} KB, {chunks[_LONG]} chunks, ready after {long_s:.1f} s"
    return [
        Figure("twelve files together, the first ready", short_s[0], "s", FIRST_READY_S),
        Figure("the eleven short ones ready", short_s[-1], "s", None, f"the long one: {long}"),
        Figure("short ones after the long one", sum(s > long_s for s in short_s), "", 0),
    ]


def _until_ready(app: Zhiwen, base_id: str, began: float) -> dict[str, float]:
    """Seconds by file. Raises RuntimeError where one could not be read."""
    ready_s: dict[str, float] = {}
    while len(ready_s) < 1 + _SHORT_FILES:
        now_s = time.monotonic() - began
        for view in _views(app, base_id):
            document = view.document
            if document.state == "ready":
                ready_s.setdefault(document.name, now_s)
            if document.state == "failed" or now_s > _TIMEOUT_S:
                raise RuntimeError(f"{document.name} is {document.state}: {document.error_detail}")
        time.sleep(_POLL_S)
    return ready_s


def _views(app: Zhiwen, base_id: str) -> list[DocumentView]:
    return app.documents.page(ME, base_id, limit=50, offset=0)[0]
