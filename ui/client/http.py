"""HTTP client. Errors: ApiError (refused), and below it ApiDown (no response) and SignedOut."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, BinaryIO, cast

import httpx
from httpx_sse import EventSource, ServerSentEvent

from ui.client import wire
from ui.client.evaluation import Evaluations
from ui.client.improving import Improving
from ui.client.operating import Operating
from ui.client.people import People
from ui.client.renewed import latest
from ui.client.sharing import Sharing
from ui.client.visitor import Visitor

Params = dict[str, str | int]


class ApiError(Exception):
    """The API refused. `detail` is its message, `code` the machine-readable error, `facts` are the
    numbers in it, and lists of names."""

    def __init__(
        self,
        detail: str,
        code: str = "error",
        status: int = 0,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail, self.code, self.status = detail, code, status
        self.facts = dict(facts or {})


class ApiDown(ApiError):
    """The API did not respond."""


class SignedOut(ApiError):
    """Nobody has signed in, or no longer."""


def _error(response: httpx.Response) -> ApiError:
    kind = SignedOut if response.status_code == 401 else ApiError
    try:
        problem = response.json()
        detail = problem.get("detail") or problem.get("title")
    except (ValueError, AttributeError):
        return kind(f"HTTP {response.status_code}", "error", response.status_code)
    if not isinstance(detail, str):
        detail = json.dumps(detail, ensure_ascii=False)
    facts = {name: value for name, value in problem.items() if type(value) in (int, list)}
    return kind(detail, str(problem.get("code", "error")), response.status_code, facts)


def _given(**values: str | int | None) -> Params:
    return {name: value for name, value in values.items() if value not in (None, "")}


def connections(url: str) -> httpx.Client:
    """To the API, for everybody; httpx clients are thread-safe. It keeps no cookies: they would be
    sent with the next person's call."""
    # Streams are silent no longer than the API's heartbeat; storing an upload may take long.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    return httpx.Client(
        base_url=url,
        timeout=httpx.Timeout(30.0, connect=3.0),
        limits=limits,
        trust_env=False,
        cookies=no_cookies(),
    )


def no_cookies() -> CookieJar:
    """A jar that takes nothing."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


class Client:
    """Calls the API for one visitor."""

    def __init__(self, shared: httpx.Client, visitor: Visitor) -> None:
        self.url, self.visitor = str(shared.base_url), visitor
        self._http = shared
        self.improving = Improving(self._call)
        self.people = People(self._call)
        self.operating = Operating(self._call)
        self.evaluations = Evaluations(self._call)
        self.sharing = Sharing(self._call)

    def _headers(self) -> dict[str, str]:
        if not self.visitor.asked_for:  # perhaps an old token, which somebody has stolen
            return self.visitor.headers()
        return replace(self.visitor, token=latest(self.visitor.token)).headers()

    def _call(self, method: str, path: str, **options: Any) -> Any:
        response = self._response(method, path, **options)
        return response.json() if response.content else None

    def _response(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, headers=self._headers(), **options)
        except httpx.TransportError as error:
            raise ApiDown(str(error), "api_down") from error
        if response.is_error:
            raise _error(response)
        return response

    @contextmanager
    def _stream(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Iterator[httpx.Response]:
        headers = {**self._headers(), **(headers or {})}
        try:
            with self._http.stream(method, path, headers=headers, **options) as response:
                if response.is_error:
                    response.read()
                    raise _error(response)
                yield response
        except httpx.TransportError as error:
            raise ApiDown(str(error), "api_down") from error

    # Knowledge bases and documents

    def bases(self) -> list[wire.Base]:
        return cast(list[wire.Base], self._call("GET", "/api/bases"))

    def create_base(self, name: str) -> wire.Base:
        return cast(wire.Base, self._call("POST", "/api/bases", json={"name": name}))

    def base(self, base_id: str) -> wire.Base:
        return cast(wire.Base, self._call("GET", f"/api/bases/{base_id}"))

    def create_attached(self) -> wire.Base:
        """A base for the files of one conversation."""
        return cast(wire.Base, self._call("POST", "/api/bases/attached"))

    def rename_base(self, base_id: str, name: str) -> None:
        self._call("PATCH", f"/api/bases/{base_id}", json={"name": name})

    def delete_base(self, base_id: str) -> None:
        self._call("DELETE", f"/api/bases/{base_id}")

    def documents(
        self,
        base_id: str,
        *,
        limit: int,
        offset: int = 0,
        q: str = "",
        state: str = "",
        sort: str = "",
    ) -> wire.DocumentList:
        params = _given(limit=limit, offset=offset, q=q, state=state, sort=sort)
        path = f"/api/bases/{base_id}/documents"
        return cast(wire.DocumentList, self._call("GET", path, params=params))

    def upload(
        self, base_id: str, name: str, file: BinaryIO, place: str = ""
    ) -> tuple[wire.Document, bool]:
        """The document, and whether its bytes are new to the base. `place`: its path there, where
        it becomes the next version of what has it; its name where empty."""
        path = f"/api/bases/{base_id}/documents"
        sent = self._response("POST", path, params=_given(path=place), files={"file": (name, file)})
        return cast(wire.Document, sent.json()), sent.status_code != httpx.codes.OK

    def document(self, document_id: str) -> wire.Document:
        return cast(wire.Document, self._call("GET", f"/api/documents/{document_id}"))

    def versions(self, document_id: str) -> list[wire.Document]:
        """All versions of the document, newest first."""
        path = f"/api/documents/{document_id}/versions"
        return cast(list[wire.Document], self._call("GET", path))

    def chunks(self, document_id: str, *, limit: int, offset: int) -> list[wire.Chunk]:
        path, params = f"/api/documents/{document_id}/chunks", _given(limit=limit, offset=offset)
        return cast(list[wire.Chunk], self._call("GET", path, params=params))

    def retry_document(self, document_id: str) -> None:
        self._call("POST", f"/api/documents/{document_id}/retry")

    def move_document(self, document_id: str, base_id: str, *, keep: bool) -> None:
        """To another base, or into it too."""
        body = {"base_id": base_id, "keep": keep}
        self._call("POST", f"/api/documents/{document_id}/move", json=body)

    def delete_document(self, document_id: str) -> None:
        self._call("DELETE", f"/api/documents/{document_id}")

    def text(self, document_id: str, start: int, end: int) -> wire.Text:
        path = f"/api/documents/{document_id}/text"
        return cast(wire.Text, self._call("GET", path, params={"start": start, "end": end}))

    def tables(self, document_id: str, start: int, end: int) -> list[wire.Table]:
        """Those in a part of the text."""
        path = f"/api/documents/{document_id}/tables"
        params = {"start": start, "end": end}
        return cast(list[wire.Table], self._call("GET", path, params=params))

    def boxes(self, document_id: str, start: int, end: int) -> list[wire.PageBoxes]:
        """Where a part of the text stands. Raises ApiError `no_pages`, `not_placed`."""
        path, params = f"/api/documents/{document_id}/boxes", {"start": start, "end": end}
        return cast(list[wire.PageBoxes], self._call("GET", path, params=params))

    # Questions and answers

    def chat(self, request: wire.ChatRequest) -> Iterator[ServerSentEvent]:
        """Asks a question or regenerates an answer. Yields its events from the start."""
        return self._events("POST", "/api/chat", json=request)

    def events(self, answer_id: str, after: str = "") -> Iterator[ServerSentEvent]:
        """Events of an answer: all of them, or those after the event with id `after`."""
        headers = {"Last-Event-ID": after} if after else {}
        return self._events("GET", f"/api/messages/{answer_id}/events", headers=headers)

    def _events(self, method: str, path: str, **options: Any) -> Iterator[ServerSentEvent]:
        with self._stream(method, path, **options) as response:
            yield from EventSource(response).iter_sse()

    def stop(self, answer_id: str) -> None:
        self._call("POST", f"/api/messages/{answer_id}/stop")

    def message(self, message_id: str) -> wire.Message:
        return cast(wire.Message, self._call("GET", f"/api/messages/{message_id}"))

    def search(self, query: str, base_ids: list[str], top_k: int) -> list[wire.Passage]:
        body = {"query": query, "base_ids": base_ids, "top_k": top_k}
        return cast(list[wire.Passage], self._call("POST", "/api/search", json=body)["passages"])

    def conversations(self, q: str = "", limit: int = 50, offset: int = 0) -> wire.ConversationList:
        params = _given(q=q, limit=limit, offset=offset)
        return cast(wire.ConversationList, self._call("GET", "/api/conversations", params=params))

    def conversation(self, conversation_id: str) -> wire.ConversationDetail:
        path = f"/api/conversations/{conversation_id}"
        return cast(wire.ConversationDetail, self._call("GET", path))

    def show(self, message_id: str) -> wire.ConversationDetail:
        """The conversation, with the branch of this message from now on."""
        shown = self._call("POST", f"/api/messages/{message_id}/show")
        return cast(wire.ConversationDetail, shown)

    def pin_conversation(self, conversation_id: str, *, pinned: bool) -> None:
        self._call("PATCH", f"/api/conversations/{conversation_id}", json={"pinned": pinned})

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        self._call("PATCH", f"/api/conversations/{conversation_id}", json={"title": title})

    def delete_conversation(self, conversation_id: str) -> None:
        self._call("DELETE", f"/api/conversations/{conversation_id}")

    # Feedback

    def put_feedback(self, message_id: str, feedback: wire.Feedback) -> None:
        self._call("PUT", f"/api/messages/{message_id}/feedback", json=feedback)

    def delete_feedback(self, message_id: str) -> None:
        self._call("DELETE", f"/api/messages/{message_id}/feedback")

    def feedback(self, rating: str, base_id: str, limit: int, offset: int) -> wire.FeedbackList:
        params = _given(rating=rating, base_id=base_id, limit=limit, offset=offset)
        return cast(wire.FeedbackList, self._call("GET", "/api/feedback", params=params))

    def export(self, choice: dict[str, str]) -> bytes:
        with self._stream("GET", "/api/export", params=_given(**choice)) as response:
            return response.read()

    def approved(self, base_id: str = "") -> list[wire.Approved]:
        params = _given(base_id=base_id)
        return cast(list[wire.Approved], self._call("GET", "/api/approved", params=params))

    def approve(self, body: wire.NewApproved) -> None:
        self._call("POST", "/api/approved", json=body)

    def withdraw(self, approved_id: str) -> None:
        self._call("DELETE", f"/api/approved/{approved_id}")

    def export_report(self, choice: dict[str, str]) -> wire.ExportReport:
        report = self._call("GET", "/api/export/report", params=_given(**choice))
        return cast(wire.ExportReport, report)

    def audit_file(self, filters: dict[str, str]) -> bytes:
        with self._stream("GET", "/api/audit.jsonl", params=filters) as response:
            return response.read()

    # Evaluation

    def questions(self, base_id: str) -> list[wire.EvalQuestion]:
        return cast(list[wire.EvalQuestion], self._call("GET", f"/api/bases/{base_id}/questions"))

    def add_question(self, base_id: str, question: wire.NewEvalQuestion) -> None:
        self._call("POST", f"/api/bases/{base_id}/questions", json=question)

    def delete_question(self, question_id: str) -> None:
        self._call("DELETE", f"/api/questions/{question_id}")

    def collect_questions(self, base_id: str) -> int:
        return int(self._call("POST", f"/api/bases/{base_id}/questions/collect")["added"])

    def runs(self, base_id: str) -> list[wire.EvalRun]:
        return cast(list[wire.EvalRun], self._call("GET", f"/api/bases/{base_id}/evaluations"))

    def start_run(self, base_id: str, changes: dict[str, str], *, answers: bool) -> None:
        body = {"changes": changes, "answers": answers}
        self._call("POST", f"/api/bases/{base_id}/evaluations", json=body)

    def cancel_job(self, job_id: str) -> None:
        self._call("POST", f"/api/jobs/{job_id}/cancel")

    def run_report(self, base_id: str, run_id: str) -> bytes:
        with self._stream("GET", f"/api/bases/{base_id}/evaluations/{run_id}/report") as response:
            return response.read()

    def public_report(self) -> bytes:
        """Report on the public datasets. Raises ApiError if there is none."""
        with self._stream("GET", "/api/evaluation/report") as response:
            return response.read()

    # Status

    def models(self) -> list[wire.Model]:
        return cast(list[wire.Model], self._call("GET", "/api/models"))

    def status(self) -> wire.Status:
        return cast(wire.Status, self._call("GET", "/api/status"))
