"""Training as a job: what is asked for, its folder, and the adapter that comes out."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from app.db.engine import Database
from app.db.files import sync_folder
from app.db.tables import Job, StoredAdapter, utc_now
from app.llm.thinking import EMPTY_THOUGHT
from app.models.build.lora_gguf import CONFIG_FILE, GGUF_FILE, WEIGHTS_FILE
from app.rag.prompting.prompt import render_chatml
from app.services.errors import Conflict, Invalid, NotFound
from app.services.improvement.adapters import gate_job
from app.services.improvement.datasets import DataSets
from app.services.jobs.queue import Claim, claimed_job
from app.services.people.access import Access
from app.services.people.audit import record
from app.tuning.formats import to_chatml_text
from app.tuning.trainer.errors import PlanInvalid
from app.tuning.trainer.plan import ADAPTER, PROGRESS, REPORT, ROWS, Plan, TrainSettings
from app.tuning.trainer.progress import read_progress

_SERVED = (WEIGHTS_FILE, CONFIG_FILE, GGUF_FILE)  # of what the trainer leaves
_JOB_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """The model that is served, and the weights that are trained on: a quantised model cannot be
    trained itself. `thinks`: it can be told not to think, so that rows begin with no thought."""

    model: str
    weights: str
    style: str
    thinks: bool = False


@dataclass(frozen=True, slots=True)
class Trainings:
    """`folder` holds the work of each job, `adapters` what came out."""

    db: Database
    datasets: DataSets
    folder: Path
    adapters: Path

    def start(
        self, access: Access, dataset: str, base: TrainedOn, settings: Mapping[str, Any]
    ) -> Job:
        """Queue a training. Raises NotFound, Invalid, and Conflict where one waits or runs."""
        stored = self.datasets.get(access, dataset)
        if stored.style != base.style:
            raise Invalid(
                f"{dataset} has prompts of the style {stored.style!r}; {base.model} is asked in "
                f"{base.style!r}.",
                code="other_style",
            )
        _checked(settings)
        request = {"dataset": dataset, **asdict(base), "settings": dict(settings)}
        with self.db.write() as session:
            unfinished = col(Job.state).in_(("queued", "running"))
            if session.exec(select(Job.id).where(Job.kind == "train", unfinished)).first():
                raise Conflict("A training waits or runs already.", code="training")
            job = Job(kind="train", request=request)
            session.add(job)
            record(session, access, "training.start", "dataset", dataset, model=base.model)
        return job

    def work_folder(self, job_id: str) -> Path:
        """Where the job works. Raises NotFound for what is no id."""
        if not _JOB_ID.fullmatch(job_id):
            raise NotFound("training", job_id)
        return self.folder / job_id

    def write_plan(self, request: Mapping[str, Any], base: Path, folder: Path) -> None:
        """Plan and rows, as they will be served, in the job's folder. Raises NotFound, Conflict."""
        data = self.datasets.rows(request["dataset"])
        thought = EMPTY_THOUGHT if request["thinks"] else ""
        with (folder / ROWS).open("w", encoding="utf-8") as file:
            for row in data.part("train"):
                text = to_chatml_text(row.content, render_chatml, thought=thought)
                file.write(json.dumps(text, ensure_ascii=False) + "\n")
        Plan(data.method, base.absolute(), _checked(request["settings"])).write(folder)

    def curve(self, job_id: str) -> list[dict[str, Any]]:
        """The loss by step, so far."""
        return read_progress(self.work_folder(job_id) / PROGRESS)

    def finish(self, claim: Claim, base_sha256: str) -> str | None:
        """Register what was trained, queue the gate, end the job: all or nothing. Returns the
        adapter's name; None where the claim was lost. The job's folder goes."""
        work = self.work_folder(claim.job_id)
        report = json.loads((work / REPORT).read_text("utf-8"))
        name, digest = self._publish(work / ADAPTER, claim.request["model"])
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is None:
                return None
            if session.get(StoredAdapter, name) is None:
                adapter = StoredAdapter(
                    name=name,
                    base_model=claim.request["model"],
                    base_sha256=base_sha256,
                    dataset_name=claim.request["dataset"],
                    job_id=job.id,
                    sha256=digest,
                    settings={**asdict(_checked(claim.request["settings"])), "report": report},
                    curve=self.curve(job.id),
                )
                session.add_all((adapter, gate_job(name)))
            job.state = job.stage = "done"
            job.request = {**job.request, "adapter": name}
            job.updated_at = utc_now()
            session.add(job)
        shutil.rmtree(work, ignore_errors=True)
        return name

    def forget(self, job_id: str) -> None:
        """Remove the work of a job that was cancelled."""
        shutil.rmtree(self.work_folder(job_id), ignore_errors=True)

    def _publish(self, trained: Path, base_model: str) -> tuple[str, str]:
        """Move the files to a folder named by their content; its name and their SHA-256. Where a
        kill came between this and SQL, the folder is there already."""
        with (trained / WEIGHTS_FILE).open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        name = f"lora-{digest[:12]}"
        target = self.adapters / name
        if target.is_dir():
            return name, digest
        config = json.loads((trained / CONFIG_FILE).read_text("utf-8"))
        config["base_model_name_or_path"] = base_model  # a path of this machine before
        (trained / CONFIG_FILE).write_text(json.dumps(config, indent=1), "utf-8")
        part = self.adapters / f".{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for each in _SERVED:
            shutil.copy2(trained / each, part / each)
            _sync(part / each)
        part.rename(target)
        sync_folder(self.adapters)
        return name, digest


def _checked(settings: Mapping[str, Any]) -> TrainSettings:
    """Raises Invalid."""
    unknown = set(settings) - {field.name for field in fields(TrainSettings)}
    if unknown:
        raise Invalid(f"No such training settings: {', '.join(sorted(unknown))}.", code="settings")
    try:
        return TrainSettings(**settings)
    except (PlanInvalid, TypeError) as error:
        raise Invalid(str(error), code="settings") from error


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
