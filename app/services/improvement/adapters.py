"""The registry of adapters: immutable versions with their lineage, and aliases that move.

SQL holds what shall be served. Engines are brought to it (`serving.py`), whenever they start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import AdapterMove, Job, StoredAdapter, utc_now
from app.models.build.lora_gguf import GGUF_FILE
from app.services.errors import Conflict, NotFound
from app.services.jobs.queue import Claim, claimed_job

Alias = Literal["champion", "challenger"]
ALIASES: tuple[Alias, ...] = get_args(Alias)


@dataclass(frozen=True, slots=True)
class AdapterView:
    """`aliases` that point at it now."""

    adapter: StoredAdapter
    aliases: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the gate let it through."""
        return bool(self.adapter.verdict and self.adapter.verdict["passed"])


@dataclass(frozen=True, slots=True)
class Adapters:
    """`folder` holds a folder for each adapter."""

    db: Database
    folder: Path

    def all(self, base_model: str = "") -> list[AdapterView]:
        """Newest first; of one model, or of all."""
        with self.db.read() as session:
            query = select(StoredAdapter).order_by(
                col(StoredAdapter.created_at).desc(), col(StoredAdapter.name)
            )
            if base_model:
                query = query.where(StoredAdapter.base_model == base_model)
            return [_view(session, each) for each in session.exec(query).all()]

    def get(self, name: str) -> AdapterView:
        """Raises NotFound."""
        with self.db.read() as session:
            return _view(session, _get(session, name))

    def promote(
        self, name: str, alias: Alias = "champion", *, reason: str = "", force: bool = False
    ) -> AdapterView:
        """Point the alias at the adapter. A champion has passed the gate, unless `force` says that
        a person takes it all the same. Raises NotFound, Conflict."""
        with self.db.write() as session:
            view = _view(session, _get(session, name))
            if alias == "champion" and not view.passed and not force:
                verdict = view.adapter.verdict or {"reasons": [{"text": "It was not measured."}]}
                why = " ".join(reason["text"] for reason in verdict["reasons"])
                raise Conflict(f"{name} did not pass the gate: {why}", code="gate_not_passed")
            if not (self.folder / name / GGUF_FILE).is_file():
                raise Conflict(f"The files of {name} are gone.", code="adapter_damaged")
            model = view.adapter.base_model
            said = reason or ("promoted against the gate" if not view.passed else "promoted")
            if alias == "champion":
                _move(session, model, "challenger", None, "promoted", only_from=name)
            _move(session, model, alias, name, said)
            return _view(session, view.adapter)

    def rollback(self, base_model: str, *, reason: str = "rolled back") -> str | None:
        """Take the champion back to what it was before, the bare model at last. Returns its name;
        None for the bare model. Raises Conflict where there is nothing to go back from."""
        with self.db.write() as session:
            stack = _champions(session, base_model)
            if not stack:
                raise Conflict(f"No adapter of {base_model} is served.", code="no_champion")
            before = stack[-2] if len(stack) > 1 else None
            _move(session, base_model, "champion", before, reason, back=True)
            return before

    def served(self, base_model: str) -> dict[Alias, str]:
        """The aliases that point somewhere, each with its adapter."""
        with self.db.read() as session:
            return _served(session, base_model)

    def has_moves(self, base_model: str) -> bool:
        """Whether any adapter of the model was ever served."""
        with self.db.read() as session:
            moved = select(AdapterMove.id).where(AdapterMove.base_model == base_model).limit(1)
            return session.exec(moved).first() is not None

    def history(self, base_model: str) -> list[AdapterMove]:
        """Every move, newest first."""
        with self.db.read() as session:
            return list(
                session.exec(
                    select(AdapterMove)
                    .where(AdapterMove.base_model == base_model)
                    .order_by(col(AdapterMove.id).desc())
                )
            )

    def judge(self, name: str, verdict: Mapping[str, Any]) -> None:
        """Keep the gate's verdict. Raises NotFound."""
        with self.db.write() as session:
            stored = _get(session, name)
            stored.verdict = dict(verdict)
            session.add(stored)

    def measure(self, name: str) -> Job:
        """Queue the gate for a worker. Raises NotFound."""
        with self.db.write() as session:
            _get(session, name)
            job = gate_job(name)
            session.add(job)
        return job

    def finish(self, claim: Claim, verdict: Mapping[str, Any]) -> None:
        """Keep the verdict and end the job that measured, unless the claim was lost."""
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is None:
                return
            stored = _get(session, claim.request["adapter"])
            stored.verdict = dict(verdict)
            job.state = job.stage = "done"
            job.updated_at = utc_now()
            session.add_all((stored, job))

    def path(self, name: str) -> Path:
        """The folder with PEFT's files and the GGUF file."""
        return self.folder / name


def gate_job(name: str) -> Job:
    """A job that measures the adapter."""
    return Job(kind="gate", request={"adapter": name})


def _get(session: Session, name: str) -> StoredAdapter:
    stored = session.get(StoredAdapter, name)
    if stored is None:
        raise NotFound("adapter", name)
    return stored


def _view(session: Session, adapter: StoredAdapter) -> AdapterView:
    served = _served(session, adapter.base_model)
    return AdapterView(adapter, tuple(a for a in ALIASES if served.get(a) == adapter.name))


def _moves(session: Session, base_model: str, alias: Alias) -> Sequence[AdapterMove]:
    """Oldest first."""
    return session.exec(
        select(AdapterMove)
        .where(AdapterMove.base_model == base_model, AdapterMove.alias == alias)
        .order_by(col(AdapterMove.id))
    ).all()


def _served(session: Session, base_model: str) -> dict[Alias, str]:
    found: dict[Alias, str] = {}
    for alias in ALIASES:
        moves = _moves(session, base_model, alias)
        if moves and (name := moves[-1].adapter_name):
            found[alias] = name
    return found


def _champions(session: Session, base_model: str) -> list[str]:
    """The champions that led to the present one, each once it replaced the one before."""
    stack: list[str] = []
    for move in _moves(session, base_model, "champion"):
        if move.back and stack:
            stack.pop()
        elif move.adapter_name and (not stack or stack[-1] != move.adapter_name):
            stack.append(move.adapter_name)
    return stack


def _move(
    session: Session,
    base_model: str,
    alias: Alias,
    name: str | None,
    reason: str,
    *,
    back: bool = False,
    only_from: str = "",
) -> None:
    """`only_from`: nothing happens unless the alias points there."""
    present = _served(session, base_model).get(alias)
    if present == name or (only_from and present != only_from):
        return
    move = AdapterMove(
        base_model=base_model, alias=alias, adapter_name=name, reason=reason, back=back
    )
    session.add(move)
    session.flush()
