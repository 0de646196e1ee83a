"""Rated answers in a database, as the service stores them."""

from app.db.engine import Database
from app.db.tables import OWNER_ID, Conversation, StoredFeedback, StoredMessage
from app.services.answers.stored_prompt import stored_messages
from tests.tuning.test_dataset import source


def rate(db: Database, n: int, document: str, *, correction: str = "", prompt_id: str = "") -> str:
    """Question and answer n, from `document`, corrected or rated up. The answer's id."""
    made = source(n, document, "别的.md", "另一份.md")
    with db.write() as session:
        talk = Conversation(owner_id=OWNER_ID, title=made.question, base_ids=["b1"])
        session.add(talk)
        session.flush()
        asked = StoredMessage(
            conversation_id=talk.id, position=0, role="user", content=made.question
        )
        answer = StoredMessage(
            conversation_id=talk.id,
            parent_id=asked.id,
            position=1,
            role="assistant",
            content=made.rated.answer,
            base_ids=["b1"],
            model="tiny",
            finish_reason="stop",
            prompt=stored_messages(made.rated.prompt),
            passages=[{"chunk_id": 1, "document_name": document, "parts": []}],
            recipe={"prompt": prompt_id or "qa-5/answer"},
        )
        session.add_all((asked, answer))
        session.flush()
        rating = "down" if correction else "up"
        session.add(StoredFeedback(message_id=answer.id, rating=rating, correction=correction))
        return answer.id
