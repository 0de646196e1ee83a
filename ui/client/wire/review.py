"""Ratings, and what is exported of them."""

from typing import TypedDict

from ui.client.wire.answers import Feedback


class FeedbackItem(Feedback):
    message_id: str
    conversation_id: str
    question: str
    answer: str
    updated_at: str


class FeedbackList(TypedDict):
    items: list[FeedbackItem]
    total: int


class LeftOut(TypedDict):
    message_id: str
    reason: str


class ExportReport(TypedDict):
    considered: int
    exported: int
    left_out: list[LeftOut]
