"""Runs one eval, from its name to its result file."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.config import Settings
from app.llm.chat_model import ChatModel
from app.wiring.engines import build_chat_model
from app.wiring.models import build_checker, build_embedder, model_store
from evals.catalogue import Eval
from evals.progress import Progress, silent
from evals.quality import answers, gate, injection, retrieval, support
from evals.quality.engine import engine
from evals.questions.bases import Contents, OpenBases, open_bases, settings_with
from evals.questions.sets import load_set
from evals.runs import Run, begin
from evals.speed.processes import free_ports
from ingest.embedding.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs evals on the sets below `data`.

    `given`: settings of the installation; `changes`: those of this run. Models are built from them
    unless given. `limit`: maximum questions per sort; `reuse`: use bases of earlier runs.
    """

    data: Path
    given: Settings
    changes: Mapping[str, Any] = field(default_factory=dict)
    limit: int = 0
    reuse: bool = True
    progress: Progress = field(default_factory=silent)
    embedder: Embedder | None = None
    model: ChatModel | None = None

    def run(self, name: str, eval: Eval) -> Run:
        """Raises EvalError, ModelError."""
        (port,) = free_ports(1)
        settings = settings_with(
            self.given, {"engine_port": port}, dict(eval.settings), dict(self.changes)
        )
        run = begin(name, eval, settings, self.changes)
        began = time.perf_counter()
        measured = replace(self, given=settings)
        if eval.kind == "retrieval":
            measured._retrieval(run, eval)
        elif eval.kind == "answers":
            measured._answers(run, eval)
        elif eval.kind == "gate":
            measured._gate(run, eval)
        elif eval.kind == "support":
            measured._support(run, eval)
        else:
            measured._injection(run, eval)
        run.took_s = time.perf_counter() - began
        return run

    def _retrieval(self, run: Run, eval: Eval) -> None:
        asked = load_set(self.data, eval, limit=self.limit)
        run.set_digest = asked.digest
        with self._open(run, retrieval.contents(asked)) as opened:
            retrieval.measure(run, eval, asked, opened, self.progress)

    def _answers(self, run: Run, eval: Eval) -> None:
        asked = load_set(self.data, eval, limit=self.limit)
        run.set_digest = asked.digest
        with self._answering(run, retrieval.contents(asked)) as opened:
            asyncio.run(answers.measure(run, eval, asked, opened, self.progress))

    def _gate(self, run: Run, eval: Eval) -> None:
        asked = gate.load(self.data, eval, limit=self.limit)
        with self._open(run, asked.contents) as opened:
            gate.measure(run, eval, asked, opened, self.progress)

    def _support(self, run: Run, eval: Eval) -> None:
        claims = support.load(self.data, eval, limit=self.limit)
        embedder = self.embedder or build_embedder(
            self.given, model_store(self.given), threads=self.given.embed_threads
        )
        run.embedder = embedder.name
        support.measure(run, claims, build_checker(embedder), self.progress)

    def _injection(self, run: Run, eval: Eval) -> None:
        asked = injection.load(self.data, eval, limit=self.limit)
        with self._answering(run, injection.contents(asked)) as opened:
            asyncio.run(injection.measure(run, eval, asked, opened, self.progress))

    def _open(self, run: Run, contents: Contents, model: ChatModel | None = None) -> OpenBases:
        opened = open_bases(
            contents,
            self.given,
            self.given.data_dir / "evals",
            self.progress,
            model=model,
            embedder=self.embedder,
            reuse=self.reuse,
        )
        run.embedder, run.chunks = opened.embedder.name, opened.chunks
        run.documents = sum(len(files) for files in contents.values())
        return opened

    @contextmanager
    def _answering(self, run: Run, contents: Contents) -> Iterator[OpenBases]:
        model = self.model or build_chat_model(self.given, model_store(self.given))
        run.chat_model = model.name
        with self._open(run, contents, model) as opened:
            if self.model is not None:
                yield opened
                return
            with engine(self.given):
                yield opened
