"""The registry of adapters: immutable versions with their lineage, and aliases that move.

SQL holds what shall be served. Engines are brought to it (`serving.py`), whenever they start.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import AdapterMove, Job, StoredAdapter, StoredDataSet, utc_now
from app.models.build.lora_gguf import GGUF_FILE
from app.services.errors import Conflict, Invalid, NotFound
from app.services.improvement import moves
from app.services.improvement.moves import ALIASES, Alias
from app.services.improvement.openness import closed_bases
from app.services.jobs.queue import Claim, claimed_job
from app.services.people.access import Access
from app.services.people.audit import record
from app.services.people.grants import roles_in


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person takes upon themselves. `force`: it did not pass the gate. `for_everyone`: not
    everyone who asks may read all of what it was trained on."""

    force: bool = False
    for_everyone: bool = False


NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True)
class Trial:
    """A challenger that answers: `share` percent of the conversations, or in their shadow."""

    name: str
    share: int
    shadow: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An alias that a guard took back; `guard` is what got worse and by how much, `reason` the same
    in English."""

    alias: Alias
    guard: Mapping[str, Any]
    reason: str
    at: datetime


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
    """`folder` holds a folder for each adapter. `bot_bases` reads the names or ids of the bases of
    each bot that its file narrows."""

    db: Database
    folder: Path
    bot_bases: Callable[[], Sequence[Collection[str]]]

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
        self,
        access: Access,
        name: str,
        alias: Alias = "champion",
        *,
        reason: str = "",
        consent: Consent = NO_CONSENT,
    ) -> AdapterView:
        """Point the alias at the adapter. A champion has passed the gate, and was trained on what
        everyone who asks may read, unless a person consents. Raises NotFound, Conflict."""
        with self.db.write() as session:
            view = self._fit(session, name)
            detail: dict[str, Any] = {"alias": alias, "forced": consent.force}
            if alias == "champion":
                detail |= self._checked(session, access, view, consent)
            model = view.adapter.base_model
            said = reason or ("promoted" if view.passed else "promoted against the gate")
            trial = moves.served(session, model).get("challenger")
            if alias == "champion" and trial is not None and trial.adapter_name == name:
                moves.move(session, model, "challenger", None, "promoted")
            moves.move(session, model, alias, name, said)
            record(session, access, "adapter.promote", "adapter", name, **detail)
            return _view(session, view.adapter)

    def try_out(
        self,
        access: Access,
        name: str,
        *,
        share: int = 0,
        shadow: bool = False,
        reason: str = "",
        consent: Consent = NO_CONSENT,
    ) -> AdapterView:
        """Make it the challenger, with a share of the conversations in percent, or in their shadow.
        A share is shown to people, so it needs what a champion needs. Raises NotFound, Conflict,
        Invalid."""
        if shadow == bool(share) or not 0 <= share < 100:
            raise Invalid("A canary has a share from 1 to 99 %, or is a shadow.", code="bad_share")
        with self.db.write() as session:
            view = self._fit(session, name)
            model = view.adapter.base_model
            if "champion" in view.aliases:
                raise Conflict(f"{name} answers everything already.", code="is_champion")
            detail: dict[str, Any] = {"share": share, "shadow": shadow, "forced": consent.force}
            if not shadow:
                detail |= self._checked(session, access, view, consent)
            said = reason or ("shadow" if shadow else f"{share} % of the conversations")
            moves.move(session, model, "challenger", name, said, share=share, shadow=shadow)
            record(session, access, "adapter.canary", "adapter", name, **detail)
            return _view(session, view.adapter)

    def rollback(
        self,
        access: Access | None,
        base_model: str,
        alias: Alias | None = None,
        *,
        reason: str = "rolled back",
        guard: Mapping[str, Any] | None = None,
        expected: str = "",
    ) -> tuple[Alias, str | None]:
        """Take back the challenger where there is one, else the champion to what it was before, the
        bare model at last. Returns what was moved, and where it points; None is the bare model, or
        no challenger. `access` is None where a guard does it, with the adapter that it judged as
        `expected`. Raises Conflict where there is nothing to go back from."""
        with self.db.write() as session:
            present = moves.served(session, base_model)
            alias = alias or ("challenger" if "challenger" in present else "champion")
            if alias not in present:
                raise Conflict(f"No {alias} of {base_model} is served.", code=f"no_{alias}")
            gone = present[alias].adapter_name
            if expected and gone != expected:
                raise Conflict(f"{expected} is no {alias} any more.", code="moved")
            stack = moves.champions(session, base_model) if alias == "champion" else []
            before = stack[-2].adapter_name if len(stack) > 1 else None
            moves.move(session, base_model, alias, before, reason, back=True, guard=guard)
            detail: dict[str, Any] = {"alias": alias, "adapter": gone, "to": before}
            if guard:  # no words of a person
                detail |= {"guard": dict(guard), "reason": reason}
            record(session, access, "adapter.rollback", "model", base_model, **detail)
            return alias, before

    def served(self, base_model: str) -> dict[Alias, str]:
        """The aliases that point somewhere, each with its adapter."""
        with self.db.read() as session:
            return _served(session, base_model)

    def trial(self, base_model: str) -> Trial | None:
        """The challenger, where it answers. `since`: with this share, beside this champion."""
        with self.db.read() as session:
            newest = {alias: moves.moves(session, base_model, alias)[-1:] for alias in ALIASES}
        last = next(iter(newest["challenger"]), None)
        if last is None or not last.adapter_name or not (last.share or last.shadow):
            return None
        since = max(move.moved_at for found in newest.values() for move in found)
        return Trial(last.adapter_name, last.share, last.shadow, since)

    def taken_back(self, base_model: str) -> list[TakenBack]:
        """Aliases whose last move was a guard's."""
        found = []
        with self.db.read() as session:
            for alias in ALIASES:
                made = moves.moves(session, base_model, alias)
                last = made[-1] if made else None
                if last is not None and last.guard:
                    found.append(TakenBack(alias, last.guard, last.reason, last.moved_at))
        return found

    def newest_move(self) -> int:
        """Grows with every move of any model; 0 where nothing was ever served."""
        with self.db.read() as session:
            return moves.newest(session)

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

    def _fit(self, session: Session, name: str) -> AdapterView:
        """Raises NotFound, and Conflict where its files are gone."""
        view = _view(session, _get(session, name))
        if not (self.folder / name / GGUF_FILE).is_file():
            raise Conflict(f"The files of {name} are gone.", code="adapter_damaged")
        return view

    def _checked(
        self, session: Session, access: Access, view: AdapterView, consent: Consent
    ) -> dict[str, Any]:
        """What the audit log says of who may hear from it. Raises Conflict, which names the closed
        bases in which the person has a role, and counts the others."""
        name = view.adapter.name
        if not view.passed and not consent.force:
            verdict = view.adapter.verdict or {"reasons": [{"text": "It was not measured."}]}
            why = " ".join(reason["text"] for reason in verdict["reasons"])
            raise Conflict(f"{name} did not pass the gate: {why}", code="gate_not_passed")
        data = session.get_one(StoredDataSet, view.adapter.dataset_name)
        base_ids = data.card.get("restrictions", {}).get("base_ids", ())
        closed = closed_bases(session, base_ids, self.bot_bases())
        if not closed:
            return {}
        if not consent.for_everyone:
            known = roles_in(session, access, [base_id for base_id, _ in closed])
            shell = not access.person_id  # may read the database anyway
            names = [base_name for base_id, base_name in closed if shell or base_id in known]
            others = len(closed) - len(names)
            told = [*names, *([f"{others} more"] if others else [])]
            raise Conflict(
                f"{name} was trained on bases that not everyone may read: {', '.join(told)}. "
                "What it learnt may show in its answers to everyone.",
                code="closed_bases",
                facts={"bases": names, "others": others},
            )
        return {"for_everyone": [base_id for base_id, _ in closed]}


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


def _served(session: Session, base_model: str) -> dict[Alias, str]:
    found = moves.served(session, base_model)
    return {alias: str(move.adapter_name) for alias, move in found.items()}
