"""Runs of evaluations that earlier versions kept in files move into the database.

<base>/<id>.start.json   what was asked for
<base>/<id>.log          what the process said
<base>/<id>.json         the result
<base>/<id>.html         the same for people
"""

import json
import logging
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from app.db.engine import Database
from app.db.tables import Evaluation, Job, KnowledgeBase

log = logging.getLogger(__name__)

_START = ".start.json"


def move_into_database(db: Database, folder: Path) -> None:
    """Runs of bases that are gone go, too. Files that cannot be read stay where they are."""
    for start in sorted(folder.glob(f"*/*{_START}")):
        try:
            with suppress(IntegrityError):  # another process was faster
                _move(db, start)
        except (OSError, ValueError, KeyError) as error:
            log.warning("the run in %s cannot be taken over: %s", start, error)
            continue
        for path in start.parent.glob(start.name.removesuffix(_START) + ".*"):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # another run may be in it
            start.parent.rmdir()


def _move(db: Database, start: Path) -> None:
    base_id, run_id = start.parent.name, start.name.removesuffix(_START)
    about = json.loads(start.read_text("utf-8"))
    result_path = start.with_name(f"{run_id}.json")
    result = result_path.read_text("utf-8") if result_path.is_file() else ""
    report_path = start.with_name(f"{run_id}.html")
    report = report_path.read_text("utf-8") if report_path.is_file() else ""
    state = "done" if result else "failed"
    with db.write() as session:
        if session.get(KnowledgeBase, base_id) is None or session.get(Job, run_id) is not None:
            return
        began = datetime.fromisoformat(about["started_at"])
        session.add(
            Job(
                id=run_id,
                kind="evaluate",
                base_id=base_id,
                request={"changes": about["changes"], "answers": about["answers"]},
                state=state,
                stage=state,
                error_code=None if result else "failed",
                error_detail=None if result else _last_words(start.with_name(f"{run_id}.log")),
                created_at=began,
                updated_at=began,
            )
        )
        session.flush()
        if result:
            metrics = json.loads(result)["metrics"]
            session.add(Evaluation(job_id=run_id, metrics=metrics, result=result, report=report))


def _last_words(log_path: Path, lines: int = 5) -> str:
    said = log_path.read_text("utf-8", errors="replace") if log_path.is_file() else ""
    return "\n".join(said.strip().splitlines()[-lines:]) or "It was interrupted."
