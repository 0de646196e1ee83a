"""What Prometheus reads. Base units, bounded labels."""

from prometheus_client import Counter, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

HTTP_REQUESTS = Counter(
    "zhiwen_http_requests_total", "Requests by route", ("method", "route", "status")
)
HTTP_SECONDS = Histogram(
    "zhiwen_http_request_duration_seconds",
    "Time to the first byte of the response",
    ("method", "route"),
    buckets=_SLOW,
)
ANSWERS = Counter("zhiwen_answers_total", "Answers by how they ended", ("finish_reason",))
FIRST_TOKEN_SECONDS = Histogram(
    "zhiwen_first_token_seconds", "From the question to the first token", buckets=_SLOW
)
STAGE_SECONDS = Histogram(
    "zhiwen_retrieval_stage_seconds", "Retrieval by stage", ("stage",), buckets=_FAST
)
TOKENS = Counter("zhiwen_tokens_total", "Tokens by direction", ("direction",))
RATINGS = Counter("zhiwen_ratings_total", "Ratings given", ("rating",))
ANSWER_CACHE = Counter(
    "zhiwen_answer_cache_total", "Questions that could be answered from the cache", ("outcome",)
)
