"""Where a question is asked: after which answer of its conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.db.tables import StoredMessage
from app.services.answers.branches.tree import Node, Tree
from app.services.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """After the answer `parent_id`, or in place of the question `edit`; by default at the end of
    the branch that is shown."""

    parent_id: str | None = None
    edit: str | None = None

    @property
    def named(self) -> str | None:
        """The message that says which conversation it is."""
        return self.parent_id or self.edit

    def answer_before(self, session: Session, tree: Tree) -> str | None:
        """None for the first question. Raises NotFound, Invalid."""
        if self.edit is not None:
            question = _node(tree, self.edit)
            if not question.is_question:
                raise Invalid("Only questions can be edited.", code="not_a_question")
            return question.parent_id
        if self.parent_id is not None:
            answer = _node(tree, self.parent_id)
            if answer.is_question or answer.parent_id is None:
                raise Invalid("A question follows an answer.", code="not_an_answer")
            return _with_text(session, tree.answers(answer.parent_id), answer.id)
        last = tree.end()
        if last is None:
            return None
        answers = tree.answers(last.id)
        return _with_text(session, answers, answers[-1].id)


def _node(tree: Tree, message_id: str) -> Node:
    if message_id not in tree.nodes:
        raise NotFound("message", message_id)
    return tree.nodes[message_id]


def _with_text(session: Session, answers: Sequence[Node], answer_id: str) -> str:
    """The answer or, where it failed before its first word, its newest variant with text."""
    having = session.exec(
        select(StoredMessage.id).where(
            col(StoredMessage.id).in_([node.id for node in answers]), StoredMessage.content != ""
        )
    ).all()
    written = [node.id for node in answers if node.id in set(having)]
    return answer_id if answer_id in written or not written else written[-1]
