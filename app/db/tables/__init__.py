"""All tables. Times are UTC with time zone; row ids are random hex unless stated otherwise."""

from app.db.tables.answers import Conversation, StoredFeedback, StoredMessage
from app.db.tables.approved import ApprovedAnswer, ApprovedBase
from app.db.tables.channels import BotDelivery
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
from app.db.tables.improvement import (
    AdapterMove,
    ShadowAnswer,
    StoredAdapter,
    StoredDataSet,
)
from app.db.tables.insight import (
    AnsweredQuestion,
    AskedBase,
    CheckUp,
    CitedDocument,
    IgnoredFinding,
)
from app.db.tables.installation import InstallationChoice
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
from app.db.tables.people import (
    OWNER_ID,
    ApiKey,
    AuditEntry,
    BaseGrant,
    GroupMember,
    LoginSession,
    PathRestriction,
    PeopleGroup,
    Person,
    PersonIdentity,
    RateLimitHit,
    RestrictionMember,
    SignInAttempt,
    SignInLink,
    UsageDay,
)
from app.db.tables.recordings import RecordedAnswer, Recording, SyntheticQuestion
from app.db.tables.settings import StoredSetting

__all__ = [
    "NOWHERE",
    "OWNER_ID",
    "AdapterMove",
    "AnsweredQuestion",
    "ApiKey",
    "ApprovedAnswer",
    "ApprovedBase",
    "AskedBase",
    "AuditEntry",
    "AutoId",
    "BaseGrant",
    "BotDelivery",
    "CheckUp",
    "ChunkTombstone",
    "ChunkVector",
    "CitedDocument",
    "Conversation",
    "DocumentPage",
    "DocumentPath",
    "DocumentTable",
    "DocumentText",
    "EvalQuestion",
    "Evaluation",
    "GroupMember",
    "Heartbeat",
    "IgnoredFinding",
    "InstallationChoice",
    "Job",
    "KnowledgeBase",
    "LexicalBase",
    "LexicalRemoval",
    "LoginSession",
    "PathRestriction",
    "PeopleGroup",
    "Person",
    "PersonIdentity",
    "RateLimitHit",
    "RecordedAnswer",
    "Recording",
    "Reembedding",
    "RemovedBase",
    "RestrictionMember",
    "ShadowAnswer",
    "SignInAttempt",
    "SignInLink",
    "StoredAdapter",
    "StoredChunk",
    "StoredDataSet",
    "StoredDocument",
    "StoredFeedback",
    "StoredMessage",
    "StoredSetting",
    "SyntheticQuestion",
    "UsageDay",
    "UtcDateTime",
    "from_microseconds",
    "microseconds",
    "new_id",
    "utc_now",
]
