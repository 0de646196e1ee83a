"""Asking on reads the texts of a conversation, not the prompts and passages beside them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from app.db.engine import Database
from app.db.tables import StoredMessage
from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask, events
from tests.application import RunningApi

HANDBOOK = "# 员工手册\n\n年假为每年十五天，须提前一周申请。病假每年十天，需要医院证明。\n"


@contextmanager
def noting_reads(db: Database) -> Iterator[tuple[list[str], list[str]]]:
    """The SELECTs that are executed, and the roles of messages read with all their columns."""
    selects: list[str] = []
    roles: list[str] = []

    def execute(_conn: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.lstrip().upper().startswith("SELECT"):
            selects.append(sql)

    def load(message: StoredMessage, _context: object) -> None:
        roles.append(message.role)

    event.listen(db.engine, "before_cursor_execute", execute)
    event.listen(StoredMessage, "load", load)
    try:
        yield selects, roles
    finally:
        event.remove(db.engine, "before_cursor_execute", execute)
        event.remove(StoredMessage, "load", load)


def test_a_question_after_others_reads_their_texts_only(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("十五天。")
    found = ask(api.http, "年假有几天？", base_id)
    conversation_id = found["start"][0]["conversation"]["id"]
    model.enqueue("十天。")
    with noting_reads(api.application.db) as (selects, roles):
        ask(api.http, "病假呢？", base_id, conversation_id=conversation_id)

    assert any("message.content" in sql for sql in selects)
    assert not [sql for sql in selects if "message.prompt" in sql or "message.passages" in sql]
    assert roles == []
    served = [message.content for message in model.history[-1]]
    assert any("年假有几天？" in text for text in served), "the history was served all the same"


def test_another_answer_reads_no_other_answers(api: RunningApi, model: ScriptedChatModel) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("十五天。")
    found = ask(api.http, "年假有几天？", base_id)
    model.enqueue("每年十五天。")
    body = {"regenerate": found["start"][0]["answer_id"]}
    with noting_reads(api.application.db) as (_, roles):
        again = dict(events(api.http, "POST", "/api/chat", json=body))

    assert again["done"]["message"]["variant"] == 1
    assert roles == ["user"]
