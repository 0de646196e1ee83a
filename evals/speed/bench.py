"""The benchmark: `python -m evals.speed.bench`. Prints a table and writes `build/bench.json`.

    first token   API versus engine alone, same prompt, alternating
    search        over 1,000 passages
    signing in    what a session or key adds to a request
    memory        of an idle `zhiwen up`
    start         of a second `zhiwen up`

The first token is measured twice: with an instant engine, which shows the overhead of the API, and
with the embedded engine.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.config import Settings
from app.db.engine import Database
from app.llm.scripted import ScriptedChatModel
from app.samples import sample_questions
from app.services.library.bases import base_named
from app.services.operations.samples import NAME as SAMPLE_BASE
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import build
from app.wiring.models import model_store
from evals.figures import Figure, table, write
from evals.local import add_documents
from evals.models import obtain_models
from evals.speed import latency, service
from evals.speed.processes import free_ports, running
from evals.speed.signing_in import signing_in
from evals.speed.synthetic import Corpus, generate

REPORT = Path("build/bench.json")
PASSAGES = 1000
QUESTIONS = 120
INSTANT_ENGINE_QUESTIONS = 60

HASHING = "hashing"  # embedder without a model

_CHUNK_TOKENS = 160  # about one generated passage per chunk
_REAL_ENGINE_QUESTIONS = 4
_REAL_ENGINE_ROUNDS = 4
_ANSWER_TOKENS = 16


def main(
    quick: Annotated[bool, typer.Option(help="Synthetic passages without a model.")] = False,
    passages: Annotated[int, typer.Option(min=QUESTIONS)] = PASSAGES,
    report: Annotated[Path, typer.Option(help="File to write.")] = REPORT,
) -> None:
    """Measure first token, search, memory and start."""
    given = Settings()
    store = model_store(given)
    changes: dict[str, Any] = {
        "models_dir": given.models_path.absolute(),
        "embedder": given.embedder or store.default_embedder(),
        "chat_model": given.chat_model or store.default_chat_model(),
    }
    console = Console()
    with tempfile.TemporaryDirectory(prefix="zhiwen-bench-") as temporary:
        folder = Path(temporary)
        obtain_models(given.model_copy(update={**changes, "data_dir": folder}))
        synthetic = {**changes, "embedder": HASHING} if quick else changes
        figures = _instant_engine(folder / "synthetic", synthetic, passages, console)
        console.print(table(figures))
        more = _whole_service(folder / "service", changes, console)
    console.print(table(more))
    write([*figures, *more], report)
    console.print(f"written to {report}", highlight=False)


def _instant_engine(
    data_dir: Path, common: dict[str, Any], passages: int, console: Console
) -> list[Figure]:
    """Search and first token, with an instant engine."""
    api_port, engine_port = free_ports(2)
    engine_url = f"http://127.0.0.1:{engine_port}/v1"
    changes = {
        **common,
        "data_dir": data_dir,
        "sample_base": False,
        "api_port": api_port,
        "engine_url": engine_url,
        "chunk_tokens": _CHUNK_TOKENS,
        "max_answer_tokens": _ANSWER_TOKENS,
    }
    settings = Settings(**changes)
    corpus = generate(passages, QUESTIONS)
    with console.status(f"reading {passages} passages"):
        base_id, count = _fill(settings, corpus)
    engine = ("app.llm.servers.fake_engine", "--port", str(engine_port))
    with (
        console.status("first token and search"),
        running(engine, f"{engine_url}/models", {}),
        running(("app.api",), f"{settings.api_base_url}/readyz", changes),
    ):
        tokens = latency.first_tokens(
            settings.api_base_url,
            engine_url,
            Database(settings.sql_url),
            base_id,
            corpus.questions[:INSTANT_ENGINE_QUESTIONS],
            model=settings.chat_model,
            max_tokens=_ANSWER_TOKENS,
            rounds=1,
        )
        found = latency.search(settings.api_base_url, base_id, corpus.questions, count)
    with console.status("signing in"):
        people = signing_in({**changes, "embedder": HASHING})
    return [*tokens.figures("instant engine"), *found, *people]


def _whole_service(data_dir: Path, common: dict[str, Any], console: Console) -> list[Figure]:
    """Memory after a first start, time of a second start, first token of the real engine."""
    api_port, ui_port, engine_port = free_ports(3)
    changes = {
        **common,
        "data_dir": data_dir,
        "api_port": api_port,
        "ui_port": ui_port,
        "engine_port": engine_port,
        "worker_idle_s": 1,
        "max_answer_tokens": _ANSWER_TOKENS,
    }
    settings = Settings(**changes)
    data_dir.mkdir(parents=True)
    log = data_dir / "up.log"
    with console.status("memory of the embedding model"):
        folder = model_store(settings).path(str(settings.embedder))
        model_mib = service.embedder_mib(folder)
    with console.status("a first start"), service.up(changes, log):
        pass
    with console.status("a second start"), service.up(changes, log) as second:
        start = Figure("second start until ready", second.start_s, "s", service.START_S)
        tokens = _real_engine(settings)
        return [*tokens, *service.memory(second, model_mib), start]


def _real_engine(settings: Settings) -> list[Figure]:
    db = Database(settings.sql_url)
    with db.read() as session:
        base = base_named(session, SAMPLE_BASE)
    found = latency.first_tokens(
        settings.api_base_url,
        settings.engine_base_url,
        db,
        base.id,
        [item.question for item in sample_questions()][:_REAL_ENGINE_QUESTIONS],
        model=settings.chat_model,
        max_tokens=_ANSWER_TOKENS,
        rounds=_REAL_ENGINE_ROUNDS,
    )
    return found.figures("embedded engine")


def _fill(settings: Settings, corpus: Corpus) -> tuple[str, int]:
    """Creates a base with the corpus. Returns its id and number of chunks."""
    zhiwen = build(settings, model=ScriptedChatModel())
    zhiwen.prepare()
    base_id, _ = add_documents(zhiwen, "bench", corpus.files)
    count = zhiwen.bases.get(ME, base_id).chunk_count
    zhiwen.db.dispose()
    return base_id, count


if __name__ == "__main__":
    typer.run(main)
