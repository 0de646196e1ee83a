"""Evaluates a knowledge base with its own questions, on the data it serves.

The base is not changed. If a tested setting affects how documents are processed, its files are
processed again into a separate base.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from sqlmodel import col, select

from app.config import Settings
from app.db.tables import EvalQuestion, StoredDocument
from app.llm.scripted import ScriptedChatModel
from app.rag.types import Passage
from app.services.ingestion.ingestion import Ingestion
from app.services.library.bases import base_named
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import Zhiwen, build
from app.wiring.engines import build_chat_model
from app.wiring.models import build_embedder, model_store
from evals.catalogue import Eval
from evals.errors import NoData
from evals.metrics.evidence import shared_grams
from evals.metrics.timings import stages
from evals.progress import Progress
from evals.quality.answers import put_together, score
from evals.quality.asking import ask
from evals.quality.engine import engine
from evals.questions.bases import open_bases, settings_with
from evals.questions.sets import Question
from evals.runs import Record, Run, begin, mean_scores
from evals.speed.processes import free_ports

_SAME_PLACE = 0.5  # share of the shorter text's 4-grams
_OTHER_ENGINE = {"chat_model", "tokenizer", "context_tokens"}


@dataclass(frozen=True, slots=True)
class Measured:
    """The base to evaluate: its application, its id, and where the live base's documents are."""

    zhiwen: Zhiwen
    base_id: str
    documents: Mapping[str, str]  # live document id → document id here


def run_base(
    base: str, given: Settings, changes: Mapping[str, Any], progress: Progress, *, answers: bool
) -> Run:
    """Evaluates a base given by id or name. Raises NoData if it has no questions."""
    settings = settings_with(given, changes)
    live = build(given, model=ScriptedChatModel())
    base_id = _base_id(live, base)
    asked = live.regression.questions(ME, base_id)
    if not asked:
        raise NoData(
            "This knowledge base has no questions yet. Add some or collect them from ratings."
        )
    name = live.bases.get(ME, base_id).base.name
    eval = Eval(about=name, kind="answers", set=base_id, language="zh")
    run = begin("own", eval, settings, changes)
    run.kind = "own"
    began = time.perf_counter()
    own_engine = answers and bool(_OTHER_ENGINE & set(changes)) and settings.embedded_engine
    if own_engine:
        settings = settings.model_copy(update={"engine_port": free_ports(1)[0]})
    with _measured(live, base_id, settings, changes, progress, answers=answers) as measured:
        run.embedder = measured.zhiwen.embedder.name
        run.documents = len(measured.documents)
        run.chunks = measured.zhiwen.bases.get(ME, measured.base_id).chunk_count
        _search_all(run, asked, measured, progress)
        if answers:
            run.chat_model = measured.zhiwen.model.name
            if own_engine:
                with engine(settings):
                    asyncio.run(_answer_all(run, asked, measured, eval, progress))
            else:
                asyncio.run(_answer_all(run, asked, measured, eval, progress))
    live.db.dispose()
    run.metrics = mean_scores(run.records)
    if answers:
        run.metrics |= put_together(run.records, eval)
    run.timings = stages([record.timings_ms for record in run.records])
    run.took_s = time.perf_counter() - began
    return run


def _base_id(live: Zhiwen, base: str) -> str:
    with live.db.read() as session:
        return base_named(session, base).id


@contextmanager
def _measured(
    live: Zhiwen,
    base_id: str,
    settings: Settings,
    changes: Mapping[str, Any],
    progress: Progress,
    *,
    answers: bool,
) -> Iterator[Measured]:
    store = model_store(settings)
    model = build_chat_model(settings, store) if answers else ScriptedChatModel()
    ready = _ready_documents(live, base_id)
    reading = {field.name for field in fields(Ingestion)} | {"embedder"}
    if not reading & set(changes):
        embedder = build_embedder(settings, store, threads=settings.embed_threads)
        zhiwen = build(settings, embedder=embedder, model=model)
        yield Measured(zhiwen, base_id, {document.id: document.id for document in ready})
        zhiwen.db.dispose()
        return
    # Several files of a base may have the same name.
    names = {document.id: f"{n}-{document.name}" for n, document in enumerate(ready)}
    files: dict[str, bytes] = {}
    for document in ready:
        with live.files.local(document.sha256) as path:
            files[names[document.id]] = path.read_bytes()
    folder = settings.data_dir / "evals"
    with open_bases({"own": files}, settings, folder, progress, model=model) as opened:
        base = opened.bases["own"]
        here = {id_: base.documents[name] for id_, name in names.items()}
        yield Measured(opened.zhiwen, base.id, here)


def _ready_documents(live: Zhiwen, base_id: str) -> list[StoredDocument]:
    with live.db.read() as session:
        return list(
            session.exec(
                select(StoredDocument)
                .where(StoredDocument.base_id == base_id, StoredDocument.state == "ready")
                .order_by(col(StoredDocument.id))
            )
        )


def _search_all(
    run: Run, asked: Sequence[EvalQuestion], measured: Measured, progress: Progress
) -> None:
    top_k = measured.zhiwen.settings.top_k
    with progress.task("questions searched", len(asked)) as advance:
        for question in asked:
            found = measured.zhiwen.search.search(ME, question.question, [measured.base_id], top_k)
            record = Record(
                qid=question.id,
                question=question.question,
                gold=[question.answer] if question.answer else [],
                type=question.origin,
                timings_ms=found.timings_ms,
            )
            if question.document_ids:
                rank = rank_of(question, found.passages, measured.documents)
                record.scores = {
                    "found.RR": 1 / rank if rank else 0.0,
                    "found.R@1": float(rank == 1),
                    f"found.R@{top_k}": float(rank > 0),
                }
                record.details["rank"] = rank
            record.details["found"] = [{"document": p.document_name} for p in found.passages]
            run.records.append(record)
            advance()


def rank_of(
    question: EvalQuestion, passages: Sequence[Passage], documents: Mapping[str, str]
) -> int:
    """Rank of the first passage in an expected document that, if an expected text is given,
    overlaps half of the shorter text; from 1, or 0 if there is none."""
    right = {documents[id_] for id_ in question.document_ids if id_ in documents}
    for rank, passage in enumerate(passages, start=1):
        if passage.document_id in right and (
            not question.source_text
            or shared_grams(question.source_text, passage.text) >= _SAME_PLACE
        ):
            return rank
    return 0


async def _answer_all(
    run: Run, asked: Sequence[EvalQuestion], measured: Measured, eval: Eval, progress: Progress
) -> None:
    line = measured.zhiwen.direct.answer_line
    records = {record.qid: record for record in run.records}
    with progress.task("questions answered", len(asked)) as advance:
        for stored in asked:
            answered = await ask(line, stored.question, [measured.base_id])
            gold = (stored.answer,) if stored.answer else ()
            question = Question(stored.id, stored.question, gold)
            scorers = (
                ("overlap", "citations", "abstention") if gold else ("citations", "abstention")
            )
            new = score(question, answered, eval.model_copy(update={"scorers": scorers}))
            record = records[stored.id]
            record.scores |= new.scores
            record.details |= new.details
            record.timings_ms |= new.timings_ms
            advance()
