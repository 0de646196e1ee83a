"""The tree of a conversation's messages, read from an index alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from app.db.tables import StoredMessage


class Node(NamedTuple):
    """What the tree knows of a message."""

    id: str
    parent_id: str | None
    position: int
    variant: int
    chosen: bool
    shown: bool

    @property
    def is_question(self) -> bool:
        return self.position % 2 == 0


_NODE = (
    col(StoredMessage.id),
    col(StoredMessage.parent_id),
    col(StoredMessage.position),
    col(StoredMessage.variant),
    col(StoredMessage.chosen),
    col(StoredMessage.shown),
)


@dataclass(frozen=True)
class Tree:
    """`nodes` by id, in the order of positions, then variants."""

    nodes: dict[str, Node]

    def path(self, message_id: str) -> list[str]:
        """Ids from the first question to this message."""
        return [node.id for node in self._upwards(message_id)][::-1]

    def asked_after(self, answer_id: str | None) -> list[Node]:
        """The questions below this answer and its variants, in the order of asking; without one,
        those that begin the conversation."""
        return self._questions.get(self._turn(answer_id), [])

    def asked_in_place_of(self, question_id: str) -> list[Node]:
        """All questions that were asked in the same place, with this one."""
        return self.asked_after(self.nodes[question_id].parent_id)

    def answers(self, question_id: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.parent_id == question_id]

    def end(self) -> Node | None:
        """The last question of the branch that is shown."""
        shown = [node for node in self.nodes.values() if node.shown and node.is_question]
        return shown[-1] if shown else None

    def branch(self, message_id: str) -> set[str]:
        """The questions up to this message, then those that were chosen below it."""
        found = [id_ for id_ in self.path(message_id) if self.nodes[id_].is_question]
        while below := self._questions.get(found[-1]):
            found.append(next((node for node in below if node.chosen), below[-1]).id)
        return set(found)

    @cached_property
    def _questions(self) -> dict[str | None, list[Node]]:
        """By the question before them."""
        found: dict[str | None, list[Node]] = {}
        for node in self.nodes.values():
            if node.is_question:
                found.setdefault(self._turn(node.parent_id), []).append(node)
        return found

    def _turn(self, answer_id: str | None) -> str | None:
        return self.nodes[answer_id].parent_id if answer_id is not None else None

    def _upwards(self, message_id: str) -> Iterator[Node]:
        node: Node | None = self.nodes[message_id]
        while node is not None:
            yield node
            node = self.nodes[node.parent_id] if node.parent_id is not None else None


def tree_of(session: Session, conversation_id: str) -> Tree:
    rows = session.connection().execute(
        select(*_NODE).where(col(StoredMessage.conversation_id) == conversation_id)
    )
    nodes = sorted(map(Node._make, rows), key=attrgetter("position", "variant"))
    return Tree({node.id: node for node in nodes})
