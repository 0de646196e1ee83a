"""All tables. Times are UTC with time zone; row ids are random hex unless stated otherwise."""

from app.db.tables.answers import Conversation, StoredFeedback, StoredMessage
from app.db.tables.approved import ApprovedAnswer, ApprovedBase
from app.db.tables.chunks import (
    ChunkTombstone,
    ChunkVector,
    LexicalBase,
    LexicalRemoval,
    Reembedding,
    StoredChunk,
)
from app.db.tables.columns import (
    AutoId,
    UtcDateTime,
    from_microseconds,
    microseconds,
    new_id,
    utc_now,
)
from app.db.tables.evaluation import EvalQuestion, Evaluation
from app.db.tables.improvement import AdapterMove, StoredAdapter, StoredDataSet
from app.db.tables.jobs import Heartbeat, Job
from app.db.tables.library import (
    NOWHERE,
    DocumentPage,
    DocumentPath,
    DocumentTable,
    DocumentText,
    KnowledgeBase,
    RemovedBase,
    StoredDocument,
)

__all__ = [
    "NOWHERE",
    "AdapterMove",
    "ApprovedAnswer",
    "ApprovedBase",
    "AutoId",
    "ChunkTombstone",
    "ChunkVector",
    "Conversation",
    "DocumentPage",
    "DocumentPath",
    "DocumentTable",
    "DocumentText",
    "EvalQuestion",
    "Evaluation",
    "Heartbeat",
    "Job",
    "KnowledgeBase",
    "LexicalBase",
    "LexicalRemoval",
    "Reembedding",
    "RemovedBase",
    "StoredAdapter",
    "StoredChunk",
    "StoredDataSet",
    "StoredDocument",
    "StoredFeedback",
    "StoredMessage",
    "UtcDateTime",
    "from_microseconds",
    "microseconds",
    "new_id",
    "utc_now",
]
