"""Conversations of the stand-in."""

from fastapi import FastAPI

from app.api.routes.conversations import (
    ConversationDetail,
    ConversationList,
    ConversationOut,
    ConversationUpdate,
)
from tests.ui.stand_in import branches
from tests.ui.stand_in.service import Application, found


def add_conversation_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/conversations")
    async def conversations(q: str = "", limit: int = 50, offset: int = 0) -> ConversationList:
        mine = [c for c in application.conversations.values() if q in c.title]
        mine.sort(key=lambda c: (c.pinned, c.updated_at), reverse=True)
        return ConversationList(items=mine[offset : offset + limit], total=len(mine))

    @api.get("/api/conversations/{key}")
    async def conversation(key: str) -> ConversationDetail:
        known = found(application.conversations, key)
        attached = {base.id for base in application.bases.values() if base.expires_at}
        return ConversationDetail(
            **known.model_dump(),
            messages=branches.shown(application, key),
            attached_id=next(iter(attached.intersection(known.base_ids)), None),
        )

    @api.post("/api/messages/{key}/show")
    async def show(key: str) -> ConversationDetail:
        branches.show(application, found(application.messages, key).id)
        return await conversation(application.messages[key].conversation_id)

    @api.patch("/api/conversations/{key}")
    async def rename(key: str, body: ConversationUpdate) -> ConversationOut:
        known = found(application.conversations, key)
        known.title = body.title or known.title
        known.pinned = known.pinned if body.pinned is None else body.pinned
        known.base_ids = known.base_ids if body.base_ids is None else body.base_ids
        return known

    @api.delete("/api/conversations/{key}", status_code=204)
    async def forget(key: str) -> None:
        application.conversations.pop(found(application.conversations, key).id)
