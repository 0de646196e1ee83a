"""Error responses: application/problem+json (RFC 9457), under /v1 in the OpenAI format."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from app.api.wire import Problem
from app.db.errors import DatabaseUnavailable, FileMissing, FilesUnavailable, StorageFull
from app.error_codes import code_of
from app.guard import Refusal
from app.llm.chat_model import EngineBusy, EngineStreamBroken, EngineUnavailable, LlmError
from app.metrics import ERRORS
from app.rag.errors import NothingToRead, QuestionTooLong
from app.services import errors as services
from ingest.errors import IngestError
from vectorstore import EngineFailed

log = logging.getLogger(__name__)

# The first matching class decides, so subclasses come before their bases.
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (services.Unauthenticated, 401),
    (services.Forbidden, 403),
    (services.NotFound, 404),
    (services.Conflict, 409),
    (services.WrongEmbedder, 409),
    (services.TooLarge, 413),
    (services.Unsupported, 415),
    (services.Invalid, 422),
    (services.Busy, 429),
    (services.ProviderUnavailable, 503),
    (QuestionTooLong, 413),
    (NothingToRead, 410),
    (StorageFull, 507),
    (FileMissing, 410),
    (FilesUnavailable, 503),
    (EngineBusy, 429),
    (EngineUnavailable, 503),
    (EngineStreamBroken, 502),
    (LlmError, 502),
    (IngestError, 503),
    (DatabaseUnavailable, 503),
    (EngineFailed, 503),
)

_CLIENT_CLOSED = 499  # nginx's status code, only seen in metrics

_REFUSALS = {
    "host_invalid": "The request has no valid Host header.",
    "host_not_allowed": "The host name {value} is not allowed. If it is yours, add it to "
    "ZHIWEN_ALLOWED_HOSTS.",
    "origin_not_allowed": "Requests from {value} are not allowed. To allow this website, add it to "
    "ZHIWEN_ALLOWED_ORIGINS.",
}


def problem_of(error: Exception, instance: str | None = None) -> Problem:
    """Converts an error to a problem; unexpected errors become a 500 without details."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            code = code_of(error)
            if hasattr(error, "public"):
                log.warning("%s: %s", code, error)
            return Problem(
                title=HTTPStatus(status).phrase,
                status=status,
                detail=getattr(error, "public", str(error)),
                code=code,
                instance=instance,
                **getattr(error, "facts", {}),
            )
    detail = "An internal error occurred; see the log."
    return Problem(
        title="Internal Server Error", status=500, detail=detail, code="internal", instance=instance
    )


def refuse(scope: Scope, refusal: Refusal) -> JSONResponse:
    """The response to a request refused by `Guard`."""
    problem = Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=_REFUSALS[refusal.code].format(value=refusal.value[:200]),
        code=refusal.code,
        instance=scope["path"],
    )
    ERRORS.labels("http", problem.code).inc()
    return answer_with(problem, openai=scope["path"].startswith("/v1/"))


def answer_with(
    problem: Problem, *, openai: bool, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The problem as a response."""
    if openai:
        kind = "server_error" if problem.status >= 500 else "invalid_request_error"
        body: dict[str, Any] = {
            "error": {
                "message": problem.detail,
                "type": kind,
                "param": None,
                "code": problem.code,
            }
        }
        return JSONResponse(body, problem.status, headers)
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        problem.status,
        headers,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Installs handlers in `app` that turn every error into a problem."""

    def respond(
        request: Request, problem: Problem, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        problem.instance = request.url.path
        ERRORS.labels("http", problem.code).inc()
        openai = request.url.path.startswith("/v1/")
        return answer_with(problem, openai=openai, headers=headers)

    async def known(request: Request, error: Exception) -> JSONResponse:
        headers = {}
        if isinstance(error, EngineBusy):
            headers["Retry-After"] = str(round(error.retry_after_s or 5))
        elif isinstance(error, services.Busy):
            headers["Retry-After"] = str(error.retry_after_s)
        elif isinstance(error, services.Unauthenticated):
            headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 wants a challenge
        return respond(request, problem_of(error), headers)

    async def http(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_")
        problem = Problem(
            title=phrase, status=error.status_code, detail=str(error.detail), code=code
        )
        return respond(request, problem, error.headers)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        errors = [
            {"field": ".".join(str(part) for part in e["loc"]), "message": e["msg"]}
            for e in error.errors()
        ]
        detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors)
        problem = Problem(
            title=HTTPStatus(422).phrase, status=422, detail=detail, code="invalid", errors=errors
        )
        return respond(request, problem)

    async def left(_request: Request, _error: Exception) -> Response:
        """In the middle of an upload: nobody reads the answer, and nothing is wrong here."""
        return Response(status_code=_CLIENT_CLOSED)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        return respond(request, problem_of(error))

    for kind, _ in _STATUS:
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ClientDisconnect, left)
    app.add_exception_handler(Exception, unexpected)
