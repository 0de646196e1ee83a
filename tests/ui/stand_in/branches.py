"""The stand-in's branches: the tree is the service's own, what is chosen is kept here."""

from app.api.routes.conversations import ShownMessage
from app.services.answers.branches.tree import Node, Tree
from tests.ui.stand_in.service import Application


def tree_of(application: Application, conversation_id: str) -> Tree:
    mine = [m for m in application.messages.values() if m.conversation_id == conversation_id]
    nodes = [
        Node(m.id, m.parent_id, m.position, m.variant, m.id not in application.left, True)
        for m in sorted(mine, key=lambda m: (m.position, m.variant))
    ]
    return Tree({node.id: node for node in nodes})


def shown(application: Application, conversation_id: str) -> list[ShownMessage]:
    """The messages of the branch that is shown."""
    tree = tree_of(application, conversation_id)
    first = next((node for node in tree.asked_after(None) if node.chosen), None)
    branch = tree.branch(first.id) if first is not None else set()
    found = []
    for node in tree.nodes.values():
        if (node.id if node.is_question else node.parent_id) not in branch:
            continue
        beside = [each.id for each in tree.asked_in_place_of(node.id)] if node.is_question else []
        siblings = beside if len(beside) > 1 else []
        message = application.messages[node.id].model_dump()
        found.append(ShownMessage(**message, siblings=siblings))
    return found


def show(application: Application, message_id: str) -> None:
    tree = tree_of(application, application.messages[message_id].conversation_id)
    branch = tree.branch(message_id)
    for id_ in branch:
        application.left |= {each.id for each in tree.asked_in_place_of(id_)}
    application.left -= branch
