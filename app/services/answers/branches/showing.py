"""Shows another branch of a conversation."""

from collections import defaultdict

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.tables import Conversation, StoredMessage
from app.services.answers.branches.tree import Tree, tree_of

_TITLE_CHARS = 40


def show(session: Session, conversation: Conversation, message_id: str) -> None:
    """The branch of this message; below it, the questions that were chosen before.

    The title follows the first question, unless a person has written another.
    """
    tree = tree_of(session, conversation.id)
    branch = tree.branch(message_id)
    beside = {other.id for id_ in branch for other in tree.asked_in_place_of(id_)} - branch
    changed: defaultdict[tuple[bool, bool], list[str]] = defaultdict(list)
    for node in tree.nodes.values():
        shown = (node.id if node.is_question else node.parent_id) in branch
        chosen = node.id in branch or (node.chosen and node.id not in beside)
        if (chosen, shown) != (node.chosen, node.shown):
            changed[chosen, shown].append(node.id)
    for (chosen, shown), ids in changed.items():
        those = update(StoredMessage).where(col(StoredMessage.id).in_(ids))
        session.exec(those.values(chosen=chosen, shown=shown))
    _retitle(session, conversation, tree, tree.path(message_id)[0])


def title_of(question: str) -> str:
    """The first line of the question, shortened."""
    line = " ".join(question.split())
    return line if len(line) <= _TITLE_CHARS else line[: _TITLE_CHARS - 1] + "…"


def _retitle(session: Session, conversation: Conversation, tree: Tree, first_id: str) -> None:
    begins = [node.id for node in tree.asked_after(None) if node.shown or node.id == first_id]
    if len(begins) == 1:
        return
    query = select(StoredMessage.id, StoredMessage.content)
    texts = dict(session.exec(query.where(col(StoredMessage.id).in_(begins))).all())
    if conversation.title in map(title_of, texts.values()):
        conversation.title = title_of(texts[first_id])
        session.add(conversation)
