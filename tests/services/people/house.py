"""A house with people, groups, bases and documents, and who may see what by the rules as they are
promised: a second, plain reading of them, to compare the queries with."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlmodel import col, delete, select

from app.db.tables import (
    BaseGrant,
    CheckUp,
    Conversation,
    Evaluation,
    GroupMember,
    Job,
    PathRestriction,
    PeopleGroup,
    Person,
    RecordedAnswer,
    Recording,
    StoredDataSet,
    utc_now,
)
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import EVERYONE, LOCAL_OWNER, Access, Role, Subject
from app.wiring.application import Zhiwen, build
from app.wiring.indexes import check_vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.application import drain, test_settings

_PEOPLE = ("an", "bo", "chen", "ding")
_GROUPS = ("hr", "legal")
_PATHS = (
    *("通知.md", "制度/考勤.md", "制度/薪酬/总则.md", "制度/薪酬/等级.md"),
    *("合同/甲方.md", "合同/乙方.md", "合同.md"),
)
_RESTRICTED = ("制度/", "制度/薪酬/", "合同/", "合同/甲方.md", "制", "合同", "合同.md", "通知.md")
_SYLLABLES = ("琥珀", "杜鹃", "螺旋", "砚台", "蓝鲸", "橄榄", "栈桥", "彗星", "陀螺", "蒲公英")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that was read. `secret` stands in no other and in no question: whoever has it has
    read that document. `topic` is what it is asked about."""

    id: str
    base_id: str
    path: str
    topic: str
    secret: str

    @property
    def question(self) -> str:
        return f"{self.topic}的编号是多少？"

    @property
    def sentence(self) -> str:
        return f"{self.topic}的编号是{self.secret}，由本部门保管。"


@dataclass(slots=True)
class House:
    """`papers` stay as they are; who may see them is drawn anew for each case."""

    zhiwen: Zhiwen
    model: ScriptedChatModel
    people: dict[str, Access]
    papers: list[Paper]
    owners: dict[str, str]  # of each base
    grants: dict[tuple[str, Subject], Role] = field(default_factory=dict)
    restrictions: dict[tuple[str, str], set[Subject]] = field(default_factory=dict)

    def role(self, who: Access, base_id: str) -> Role | None:
        """By the rules: the owner may everything, else the highest role of any grant counts."""
        if who.base_ids is not None and base_id not in who.base_ids:
            return None
        if self.owners[base_id] == who.person_id:
            return Role.OWNER
        given = [
            role
            for (granted, subject), role in self.grants.items()
            if granted == base_id and subject in who.subjects
        ]
        return max(given, default=None)

    def sees(self, who: Access, paper: Paper) -> bool:
        """By the rules: a role in the base, and every restriction around the path names the person
        or a group of theirs, unless the base is theirs."""
        role = self.role(who, paper.base_id)
        if role is None or role == Role.OWNER:
            return role is not None
        around = [
            members
            for (base_id, path), members in self.restrictions.items()
            if base_id == paper.base_id
            and (paper.path == path or paper.path.startswith(f"{path}/"))
        ]
        return all(members & set(who.subjects) for members in around)

    def draw(self, dice: random.Random) -> None:
        """New grants, restrictions and groups for all, and no conversation left."""
        with self.zhiwen.db.write() as session:
            # Data sets are what their builder could see then.
            for table in (BaseGrant, PathRestriction, GroupMember, Conversation, StoredDataSet):
                session.exec(delete(table).where(col(next(iter(table.__table__.c))).is_not(None)))
            for group in _GROUPS:
                for name in _PEOPLE:
                    if dice.random() < 0.4:
                        session.add(GroupMember(group_id=group, person_id=name))
            session.flush()
            members: dict[str, set[str]] = {name: set() for name in _PEOPLE}
            for row in session.exec(select(GroupMember)):
                members[row.person_id].add(row.group_id)
        self.people = {
            name: Access(name, name, admin=name == "an", group_ids=frozenset(members[name]))
            for name in _PEOPLE
        }
        subjects: list[Subject] = [
            *(("person", name) for name in _PEOPLE),
            *(("group", group) for group in _GROUPS),
        ]
        self.grants, self.restrictions = {}, {}
        for base_id, owner in self.owners.items():
            access = self.people[owner]
            for subject in dice.sample(subjects, dice.randint(0, 3)):
                role = dice.choice([Role.READER, Role.READER, Role.EDITOR, Role.OWNER])
                self.zhiwen.sharing.grant(access, base_id, subject, role)
                self.grants[base_id, subject] = role
            if dice.random() < 0.3:
                self.zhiwen.sharing.grant(access, base_id, EVERYONE, Role.READER)
                self.grants[base_id, EVERYONE] = Role.READER
            for path in dice.sample(_RESTRICTED, dice.randint(0, 3)):
                allowed = dice.sample(subjects, dice.randint(0, 2))
                self.zhiwen.sharing.restrict(access, base_id, path, allowed)
                self.restrictions[base_id, path.rstrip("/")] = set(allowed)


@contextmanager
def house(folder: Path, **settings: object) -> Iterator[House]:
    """Two bases of seven documents each, read, of two owners."""
    model = ScriptedChatModel(context_tokens=100_000)
    given = test_settings(folder, answer_cache=True, abstain=False, **settings)
    check_vectors(given)
    zhiwen = build(given, embedder=HashingEmbedder(), model=model)
    zhiwen.prepare()
    with zhiwen.db.write() as session:
        session.add_all([Person(id=name, name=name, state="active") for name in _PEOPLE])
        session.add_all([PeopleGroup(id=group, name=group) for group in _GROUPS])
    people = {name: Access(name, name) for name in _PEOPLE}
    papers, owners = [], {}
    dice = random.Random(7)
    for owner in ("bo", "chen"):
        base_id = zhiwen.bases.create(people[owner], "档案").base.id
        owners[base_id] = owner
        for path in _PATHS:
            topic, secret = "".join(dice.sample(_SYLLABLES, 3)), f"Q{dice.randint(10**7, 10**8)}"
            paper = Paper("", base_id, path, topic, secret)
            text = f"# {topic} {secret}\n\n{paper.sentence}\n"
            view = zhiwen.documents.accept_bytes(people[owner], base_id, path, text.encode())
            papers.append(replace(paper, id=view.document.id))
    drain(zhiwen)
    _derive(zhiwen, papers)
    try:
        yield House(zhiwen, model, people, papers, owners)
    finally:
        zhiwen.db.dispose()


def _derive(zhiwen: Zhiwen, papers: Sequence[Paper]) -> None:
    """What workers make of whole bases, each with the words of all its documents: an evaluation, a
    check-up, and two recordings of answers."""
    for base_id in {paper.base_id for paper in papers}:
        own = [paper for paper in papers if paper.base_id == base_id]
        whole = "".join(paper.secret for paper in own)
        places = [{"document_id": paper.id, "quote": paper.secret} for paper in own]
        found = {"findings": [{"key": "x", "places": places}], "more": {}, "left_out": []}
        record = {"question": own[0].question, "details": {"answer": whole}}
        with zhiwen.db.write() as session:
            run = Job(kind="evaluate", base_id=base_id, state="done")
            run.request = {"changes": {}, "answers": True}
            check = Job(kind="check_up", base_id=base_id, state="done")
            session.add_all((run, check))
            session.flush()
            result = json.dumps({"metrics": {}, "records": [record]})
            session.add(Evaluation(job_id=run.id, metrics={}, result=result, report=whole))
            result = json.dumps({**found, "documents": len(own), "sections": len(own)})
            session.add(CheckUp(job_id=check.id, result=result))
            for number, accepted_at in enumerate((utc_now(), None)):
                made = Recording(base_id=base_id, fingerprint={"n": number})
                made.accepted_at = accepted_at
                session.add(made)
                session.flush()
                documents = [own[number].id]  # so that the answer is another one
                said = f"{whole}{number}"
                answer = RecordedAnswer(number=0, question=own[0].question, answer=said)
                answer.recording_id, answer.documents = made.id, documents
                session.add(answer)


__all__ = ["LOCAL_OWNER", "House", "Paper", "house"]
