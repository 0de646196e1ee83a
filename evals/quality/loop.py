"""The loop closes: from corrections to an adapter that serves, and back, measured at both ends.

    python -m evals.quality.loop DATA [--questions 300] [--held-out 60] [--minutes 90]

A scripted judge asks questions about documents that may be trained on, each document in a base of
its own, rates what was right, and corrects what was wrong. Data set, training, gate, promotion and
rollback are the product's own, on the model that is served. Then the questions about held-out
documents, and other evals, are asked without and with the adapter. The report is `loop.md` in the
folder of the evals.

Three passes over 297 rows took 44 minutes with the 0.5B on two cores that did other work, too;
`--minutes` ends the training.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from app.config import Settings
from app.db.tables import Job, StoredFeedback
from app.llm.adapters import BARE
from app.llm.wire.openai_chat import OpenAIChatModel
from app.services.improvement.adapters import Consent
from app.services.jobs.queue import Jobs
from app.services.jobs.workers import new_worker_name
from app.services.people.access import LOCAL_OWNER as ME
from app.tuning.dataset import split_of
from app.tuning.gate import bootstrap
from app.wiring.application import Zhiwen, build
from app.wiring.engines import build_chat_model
from app.wiring.improvement import build_gate, trained_on
from app.wiring.models import model_store
from app.worker.trainer import Trainer
from evals.catalogue import Eval, find
from evals.local import add_documents
from evals.metrics.overlap import contains, overlap
from evals.progress import Progress
from evals.quality.asking import ask
from evals.quality.engine import engine
from evals.quality.run import Runner
from evals.questions.bases import settings_with
from evals.questions.sets import Question, QuestionSet, draw, load_set
from evals.speed.processes import free_ports

SET = "zh_cail_dev"
_OTHERS = ("cmrc-answers", "handbook", "injection")
_SERVED_WITHIN_S = 60.0
_POLL_S = 0.05


@dataclass(slots=True)
class Report:
    """`scores`: by question, without and with the adapter."""

    lines: list[str] = field(default_factory=list)
    scores: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def say(self, line: str) -> None:
        self.lines.append(line)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def figure(self, name: str) -> None:
        pairs = self.scores[name]
        before, after = (sum(pair[n] for pair in pairs) / len(pairs) for n in (0, 1))
        low, high = bootstrap([after - before for before, after in pairs])
        self.say(
            f"| held out, {name} | {before:.3f} | {after:.3f} | {low:+.3f} … {high:+.3f} | "
            f"{len(pairs)} |"
        )


@dataclass(frozen=True, slots=True)
class Loop:
    """`bases`: by document's file name, the id of its own base."""

    zhiwen: Zhiwen
    asked: QuestionSet
    bases: Mapping[str, str]
    progress: Progress
    report: Report

    def base_of(self, question: Question) -> str:
        (name,) = self.asked.file_names(question.gold[:1])
        return self.bases[name]

    async def rate(self, questions: Sequence[Question]) -> None:
        """Ask, rate up what holds the right answer, and correct the rest."""
        right = 0
        with self.progress.task("questions rated", len(questions)) as advance:
            for question in questions:
                right += await self._rate(question)
                advance()
        self.report.say(f"{len(questions)} questions rated, {right} answered right.")

    async def measure(self, questions: Sequence[Question], *, tuned: bool) -> None:
        """Ask the held-out questions, first without and then with the adapter. What is answered
        without is rated at once, while the engine still holds the prompt: the gate measures by
        rated answers about held-out documents."""
        with self.progress.task("held-out questions", len(questions)) as advance:
            for number, question in enumerate(questions):
                for name, score in (await self._scores(question)).items():
                    pairs = self.report.scores.setdefault(name, [])
                    if tuned:
                        pairs[number] = (pairs[number][0], score)
                    else:
                        pairs.append((score, score))
                if not tuned:
                    await self._rate(question)
                advance()

    async def _rate(self, question: Question) -> bool:
        """Whether it was answered right."""
        asked = self.zhiwen.ask.ask(ME, question.text, [self.base_of(question)], None)
        generation = self.zhiwen.ask.start(asked)
        if generation.task is not None:
            await generation.task
        answer = asked.answer
        right = max(contains(answer.content, gold) for gold in question.answers) > 0
        given = StoredFeedback(message_id=answer.id, rating="up")
        if not right:
            given = StoredFeedback(
                message_id=answer.id, rating="down", correction=question.answers[0]
            )
        if answer.state == "complete":
            self.zhiwen.feedback.put(ME, answer.id, given)
        return right

    async def _scores(self, question: Question) -> dict[str, float]:
        found = await ask(self.zhiwen.direct.answer_line, question.text, [self.base_of(question)])
        scores = {
            f"{what} {name}": score
            for what, text in (("served", found.text), ("model's own", found.raw))
            for name, score in overlap(text, question.answers, "zh").items()
            if name != "em"
        }
        return {**scores, "refused": float(found.refused)}

    async def served_by(self, adapter: str) -> float:
        """Seconds until the engine answers with it."""
        began = time.monotonic()
        while True:
            await self.zhiwen.serving.look()
            if set(self.zhiwen.serving.state.values()) == {adapter}:
                return time.monotonic() - began
            if time.monotonic() - began > _SERVED_WITHIN_S:
                raise TimeoutError(f"{adapter or 'the bare model'} was not served")
            await asyncio.sleep(_POLL_S)


def train(zhiwen: Zhiwen, dataset: str, changes: Mapping[str, Any]) -> Job:
    """The job, ended."""
    jobs = Jobs(zhiwen.db)
    trainer = Trainer(zhiwen.settings, jobs, new_worker_name(), zhiwen.trainings)
    job = zhiwen.trainings.start(ME, dataset, trained_on(zhiwen.settings), changes)
    try:
        while (now := jobs.get(ME, job.id)).state in ("queued", "running"):
            trainer.look()
            time.sleep(0.5)
    finally:
        trainer.stop()
    return now


def others(
    data: Path, settings: Settings, ways: Mapping[str, Any], name: str, limit: int
) -> dict[str, tuple[Mapping[str, float], Mapping[str, float]]]:
    """Metrics of other evals, without and with the adapter."""
    found: dict[str, tuple[Mapping[str, float], Mapping[str, float]]] = {}
    for eval_name in _OTHERS:
        served = []
        for adapter in (BARE, name):
            model = build_chat_model(settings, model_store(settings))
            if isinstance(model, OpenAIChatModel):
                model.answer_with(adapter, ways[adapter])
            runner = Runner(data, settings, limit=limit, model=model)
            served.append(runner.run(eval_name, find(eval_name)).served)
        found[eval_name] = (served[0], served[1])
    return found


async def close_the_loop(
    loop: Loop, parts: tuple[Sequence[Question], Sequence[Question]], changes: Mapping[str, Any]
) -> str:
    """Everything up to the answers with the adapter; its name."""
    zhiwen, report = loop.zhiwen, loop.report
    trained, held_out = parts
    await loop.rate(trained)
    await loop.measure(held_out, tuned=False)
    base = trained_on(zhiwen.settings)
    data = zhiwen.datasets.build(ME, "sft", base.style)
    report.say(f"Data set {data.name}: {json.dumps(data.card['rows'])}.")
    began = time.monotonic()
    job = await asyncio.to_thread(train, zhiwen, data.name, changes)
    if job.state != "done":
        raise RuntimeError(f"the training {job.state}: {job.error_detail}")
    name = str(job.request["adapter"])
    adapter = zhiwen.serving.adapters.get(name).adapter
    made = adapter.settings["report"]
    report.say(
        f"Trained {name} in {(time.monotonic() - began) / 60:.1f} min: {made['steps']} steps, "
        f"loss {adapter.curve[0]['loss']:.3f} → {made['loss']:.3f}."
    )
    gate = build_gate(zhiwen.settings, name)
    verdict = await gate.measure(name)
    gate.adapters.judge(name, verdict.as_json())
    report.say(f"The gate: {'passed' if verdict.passed else 'did not pass'}.")
    for reason in verdict.reasons:
        report.say(f"- {reason.text}")
    adapters = zhiwen.serving.adapters
    adapters.promote(ME, name, consent=Consent(force=True))
    took = await loop.served_by(name)
    await loop.measure(held_out, tuned=True)
    adapters.rollback(ME, base.model)
    back = await loop.served_by(BARE)
    report.say(f"Served {took:.2f} s after promotion, taken back after {back:.2f} s.")
    return name


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.quality.loop", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the sets")
    parser.add_argument("--set", default=SET, help="its questions, each about a document given")
    parser.add_argument("--questions", type=int, default=300, help="to be rated and trained on")
    parser.add_argument("--held-out", type=int, default=60, help="about other documents")
    parser.add_argument("--minutes", type=float, default=90.0, help="of training at most")
    parser.add_argument("--others", type=int, default=40, help="questions of other evals; 0: none")
    parser.add_argument("--rate", type=float, default=0.0, help="learning rate; 0: the usual one")
    parser.add_argument("--rows-per-step", type=int, default=16)
    given = parser.parse_args()
    (port,) = free_ports(1)
    installed = Settings()
    folder = installed.data_dir.absolute() / "evals" / "loop" / time.strftime("%Y%m%d-%H%M%S")
    changes = {"data_dir": folder, "models_dir": installed.models_path.absolute()}
    rest = {"sample_base": False, "engine_port": port, "answer_cache": False}
    settings = settings_with(installed, changes, rest)
    asked = load_set(given.data, _eval(given.set))
    parts = _parts(asked, given.questions, given.held_out)
    report, progress = Report(), Progress(Console(stderr=True))
    report.say(f"# The loop: {given.set}, {len(parts[0])} + {len(parts[1])} questions\n")
    zhiwen = build(settings)
    zhiwen.prepare()
    loop = Loop(zhiwen, asked, _bases(zhiwen, asked, parts, progress), progress, report)
    training = {"minutes": given.minutes, "rows_per_step": given.rows_per_step}
    if given.rate:
        training["learning_rate"] = given.rate
    with ExitStack() as open_:
        open_.enter_context(engine(settings))
        name = asyncio.run(_run(loop, parts, training))
        report.say("\n| figure | without | with | difference (95 %) | questions |")
        report.say("|---|---|---|---|---|")
        for figure in report.scores:
            report.figure(figure)
        if given.others:
            ways = asyncio.run(_ways(loop, name))
            for eval_name, (before, after) in others(
                given.data, settings, ways, name, given.others
            ).items():
                for metric in sorted(before.keys() & after.keys()):
                    report.say(
                        f"| {eval_name}, {metric} | {before[metric]:.3f} | {after[metric]:.3f} "
                        f"| {after[metric] - before[metric]:+.3f} | {given.others} at most |"
                    )
    (folder / "loop.md").write_text("\n".join(report.lines) + "\n", "utf-8")
    report.say(f"\nReport: {folder / 'loop.md'}")


async def _run(
    loop: Loop, parts: tuple[Sequence[Question], Sequence[Question]], changes: Mapping[str, Any]
) -> str:
    try:
        return await close_the_loop(loop, parts, changes)
    finally:
        await loop.zhiwen.gateway.close()


async def _ways(loop: Loop, name: str) -> Mapping[str, Any]:
    """How the engine, which has loaded it, is asked with the adapter and without."""
    from app.llm.adapters import AdapterFiles

    (hosted,) = loop.zhiwen.serving.engines.values()
    files = AdapterFiles(name, loop.zhiwen.serving.adapters.path(name))
    return await hosted.host.bring([files])


def _eval(name: str) -> Eval:
    return Eval(about="", kind="answers", set=name, language="zh")


def _parts(
    asked: QuestionSet, questions: int, held_out: int
) -> tuple[list[Question], list[Question]]:
    """Those about documents that data sets train on, and those about the others."""
    names = {document.id: document.file_name for document in asked.documents}

    def of(side: str) -> list[Question]:
        return [q for q in asked.questions if q.answers and split_of(names[q.gold[0]]) == side]

    return draw(of("train"), questions, 0), draw(of("held_out"), held_out, 0)


def _bases(
    zhiwen: Zhiwen,
    asked: QuestionSet,
    parts: tuple[Sequence[Question], Sequence[Question]],
    progress: Progress,
) -> dict[str, str]:
    """A base for each document that is asked about."""
    wanted = asked.file_names({q.gold[0] for part in parts for q in part})
    found: dict[str, str] = {}
    with progress.task("documents read", len(wanted)) as advance:
        done: Callable[[], None] = advance
        for document in asked.documents:
            if document.file_name in wanted:
                name = document.file_name
                found[name], _ = add_documents(zhiwen, name, {name: document.content()}, done)
    return found


if __name__ == "__main__":
    main()
