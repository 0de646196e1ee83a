"""Prometheus metrics of this process, in base units and with bounded labels.

Stored data (documents, chunks, jobs) is counted in the database on demand:
`app/services/operations/inventory.py`.
"""

from prometheus_client import Counter, Gauge, Histogram

_SHORT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_LONG_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

HTTP_REQUESTS = Counter(
    "zhiwen_http_requests_total", "Requests by route", ("method", "route", "status")
)
HTTP_SECONDS = Histogram(
    "zhiwen_http_request_duration_seconds",
    "Time to the first byte of the response",
    ("method", "route"),
    buckets=_LONG_S,
)
ANSWERS = Counter(
    "zhiwen_answers_total",
    "Answers by how they ended; no_sources: nothing found answers the question; "
    "cached: given again, approved: a person's answer, greeting and listed: no model was asked",
    ("finish_reason",),
)
ANSWERS_RUNNING = Gauge("zhiwen_answers_running", "Answers in progress")
FIRST_TOKEN_SECONDS = Histogram(
    "zhiwen_time_to_first_token_seconds",
    "From the question to the model's first token, retrieval included",
    buckets=_LONG_S,
)
ANSWER_SECONDS = Histogram(
    "zhiwen_answer_duration_seconds", "From the question to the end of the answer", buckets=_LONG_S
)
STAGE_SECONDS = Histogram(
    "zhiwen_retrieval_stage_duration_seconds",
    "Retrieval by stage, for searches and answers; approved: looking for an approved answer",
    ("stage",),
    buckets=_SHORT_S,
)
TOKENS = Counter(
    "zhiwen_tokens_total", "Tokens by direction, as the engine counts them", ("direction",)
)
THOUGHT_TOKENS = Counter(
    "zhiwen_thought_tokens_total", "Of the completion tokens, those that models thought"
)
ERRORS = Counter(
    "zhiwen_errors_total",
    "Refused requests (source http) and answers that failed (source answer) by kind",
    ("source", "kind"),
)
RATINGS = Counter("zhiwen_ratings_total", "Ratings given", ("rating",))
ANSWER_CACHE = Counter(
    "zhiwen_answer_cache_total", "Questions that could be answered from the cache", ("outcome",)
)
