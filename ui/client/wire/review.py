"""Ratings, and what is exported of them."""

from typing import Literal, TypedDict

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


class Approved(TypedDict):
    """`standing`: given as long as it is `current`; else what happened to a document."""

    id: str
    question: str
    answer: str
    base_ids: list[str]
    document_names: list[str]
    standing: Literal["current", "changed", "removed"]
    message_id: str | None


class NewApproved(TypedDict, total=False):
    """A rated answer's `message_id`; or a pair with its bases."""

    message_id: str
    question: str
    answer: str
    base_ids: list[str]
