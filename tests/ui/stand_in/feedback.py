"""Ratings and export of the stand-in."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from app.api.routes.approved import ApprovedIn, ApprovedOut
from app.api.routes.export import ExportReport, LeftOut
from app.api.routes.feedback import FeedbackIn, FeedbackItem, FeedbackList, FeedbackOut
from tests.ui.stand_in.service import Application, Refused, new_id, now


def rated(application: Application, rating: str, base_id: str) -> list[FeedbackItem]:
    items = []
    for message in application.messages.values():
        if message.feedback is None or rating not in ("", message.feedback.rating):
            continue
        conversation = application.conversations[message.conversation_id]
        if base_id and base_id not in conversation.base_ids:
            continue
        asked = application.messages[str(message.parent_id)]
        items.append(
            FeedbackItem(
                **message.feedback.model_dump(),
                conversation_id=conversation.id,
                question=asked.content,
                answer=message.content,
            )
        )
    return items


def add_feedback_routes(api: FastAPI, application: Application) -> None:
    @api.put("/api/messages/{key}/feedback")
    async def put(key: str, body: FeedbackIn) -> FeedbackOut:
        if application.full:
            raise Refused(507, "disk_full", "The disk is full.")
        message = application.messages[key]
        message.feedback = FeedbackOut(
            **body.model_dump(), message_id=key, created_at=now(), updated_at=now()
        )
        return message.feedback

    @api.delete("/api/messages/{key}/feedback", status_code=204)
    async def delete(key: str) -> None:
        application.messages[key].feedback = None

    @api.get("/api/feedback")
    async def listed(
        rating: str = "", base_id: str = "", limit: int = 50, offset: int = 0
    ) -> FeedbackList:
        items = rated(application, rating, base_id)
        return FeedbackList(items=items[offset : offset + limit], total=len(items))

    @api.get("/api/export/report")
    async def report(format: str, rating: str = "", base_id: str = "") -> ExportReport:
        items = rated(application, rating, base_id)
        out = [i for i in items if format == "dpo" and not i.correction]
        left = [LeftOut(message_id=i.message_id, reason="nothing_to_compare") for i in out]
        return ExportReport(
            format=format, considered=len(items), exported=len(items) - len(out), left_out=left
        )

    @api.get("/api/export")
    async def export(format: str, rating: str = "", base_id: str = "") -> PlainTextResponse:
        lines = [item.model_dump_json() for item in rated(application, rating, base_id)]
        return PlainTextResponse("\n".join(lines) + "\n", media_type="application/x-ndjson")


def add_approved_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/approved")
    async def listed(base_id: str = "") -> list[ApprovedOut]:
        found = list(application.approved.values())
        return [each for each in found if not base_id or base_id in each.base_ids]

    @api.post("/api/approved", status_code=201)
    async def approve(body: ApprovedIn) -> ApprovedOut:
        question, answer, base_ids = body.question, body.answer, body.base_ids
        if body.message_id:
            item = next(i for i in rated(application, "", "") if i.message_id == body.message_id)
            question, answer = item.question, item.correction or item.answer
            base_ids = application.conversations[item.conversation_id].base_ids
        passages = application.find(question, base_ids, 1)
        approved = ApprovedOut(
            id=new_id(),
            question=question,
            answer=answer,
            base_ids=base_ids,
            document_names=[passage.document_name for passage in passages],
            sources=[],
            standing="current",
            message_id=body.message_id,
            created_at=now(),
        )
        application.approved[approved.id] = approved
        return approved

    @api.delete("/api/approved/{key}", status_code=204)
    async def withdraw(key: str) -> None:
        application.approved.pop(key)
