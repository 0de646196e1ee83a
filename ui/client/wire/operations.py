"""Models, engines and the health of the service."""

from typing import Literal, NotRequired, TypedDict

from ui.client.wire.improvement import TakenBack


class Model(TypedDict):
    name: str
    context_tokens: int
    ready: bool
    good_for: NotRequired[str]
    only_by_name: NotRequired[bool]
    thinking: NotRequired[Literal["no", "always", "template"]]
    thinks_by_default: NotRequired[bool]
    size: NotRequired[Literal["small", "large"]]
    max_question_tokens: NotRequired[int]
    max_question_characters: NotRequired[int]


class Component(TypedDict):
    name: str
    ok: bool
    detail: str
    since: str | None
    facts: NotRequired[dict[str, float]]


class Engine(TypedDict):
    name: str
    model: str
    address: str
    ok: bool
    ready: bool
    state: Literal["closed", "open", "half_open"]
    next_try_s: float
    failures: int
    last_error: str
    last_error_at: str | None
    running: int
    waiting: int
    max_running: int
    max_waiting: int
    context_tokens: int
    size: Literal["small", "large"]
    good_for: str
    price_in: float | None
    price_out: float | None
    since: str | None
    todo: str


class Advice(TypedDict):
    code: Literal["more_able_model", "more_able_next", "smallest_model"]
    model: str
    command: str
    facts: dict[str, float]


class ToRead(TypedDict):
    """Documents of an earlier release that are to be read again."""

    waiting: int
    failed: int


class Held(TypedDict):
    """A base whose answers a change made worse."""

    base_id: str
    base_name: str
    worse: int
    changed: int


class Status(TypedDict):
    version: str
    components: list[Component]
    queued_jobs: int
    to_read_again: NotRequired[ToRead]
    engines: NotRequired[list[Engine]]
    advice: NotRequired[list[Advice]]
    held: NotRequired[list[Held]]
    taken_back: NotRequired[list[TakenBack]]
    versions: NotRequired[dict[str, str]]
