"""Validates a request before anything is stored."""

from collections.abc import Sequence

from app.prompts.prompt_file import load_prompt
from app.rag.language import language_of
from app.rag.types import Scope, Task
from app.services.errors import Conflict, Invalid
from app.services.library.documents import get_document
from app.services.people.access import Access
from app.services.people.grants import scope_of
from app.services.search.search import Search


def check_task(
    search: Search,
    access: Access,
    question: str,
    base_ids: Sequence[str],
    task: Task,
    document_id: str,
) -> tuple[str, Scope]:
    """Returns the question to store, and what it may be answered from; a summary needs a document
    and no question. Whatever the task, an answer is counted and may be reviewed in its bases.

    Raises Invalid, TooLarge, NotFound, and Conflict for a document that is not ready.
    """
    if task != "summarise" and document_id:
        raise Invalid("Only summaries take a document.", code="unexpected_document")
    if task == "qa":
        return question, search.check(access, question, base_ids)
    if task != "summarise":
        search.check_text(question)
    with search.db.read() as session:
        scope_of(session, access, base_ids)
        if task != "summarise":
            return question, Scope()
        document = get_document(session, access, document_id)
        if document.state not in ("ready", "superseded"):
            raise Conflict("The document is not ready yet.", code="document_not_ready")
    name = document.title or document.name
    said = question.strip() or load_prompt("summarise").say(
        "question", language_of(name), name=document.name
    )
    return said, Scope()
