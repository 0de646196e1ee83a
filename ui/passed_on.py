"""Pictures of pages and original files, passed on from the API as they are: the browser reaches
only the interface."""

import re
from collections.abc import Sequence

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ui.client.http import no_cookies
from ui.sign_in.visits import visitor_of
from ui.words.texts import LANGUAGES, words

PAGES = "zhiwen/pages"  # then /{document}/{page}
FILES = "zhiwen/files"  # then /{document}?lang=
_OF_PAGES = ("content-type", "etag", "cache-control")
_OF_FILES = ("content-type", "content-length", "content-disposition", "x-content-type-options")
_ID = re.compile(r"[0-9a-f]{1,64}")
_TIMEOUT = httpx.Timeout(60.0, connect=3.0)


def routes(api_url: str) -> Sequence[Route]:
    """What the API refuses is refused with its own status."""
    client = httpx.AsyncClient(
        base_url=api_url, timeout=_TIMEOUT, trust_env=False, cookies=no_cookies()
    )

    async def page(request: Request) -> Response:
        document, number = request.path_params["document"], request.path_params["page"]
        if not _ID.fullmatch(document):
            return Response(status_code=404)
        known = request.headers.get("if-none-match")
        try:
            answer = await client.get(
                f"/api/documents/{document}/pages/{number}",
                params={"width": request.query_params.get("width", "1000")},
                headers={
                    **visitor_of(request).headers(),
                    **({"if-none-match": known} if known else {}),
                },
            )
        except httpx.TransportError:
            return Response(status_code=502)
        headers = _passed(answer, _OF_PAGES)
        return Response(answer.content, answer.status_code, {**headers, "vary": "Cookie"})

    async def file(request: Request) -> Response:
        document = request.path_params["document"]
        if not _ID.fullmatch(document):
            return _no_file(request, 404)
        headers = {**visitor_of(request).headers(), "accept-encoding": "identity"}
        asked = client.build_request("GET", f"/api/documents/{document}/file", headers=headers)
        try:
            answer = await client.send(asked, stream=True)
        except httpx.TransportError:
            return _no_file(request, 502)
        if not answer.is_success:
            await answer.aclose()
            return _no_file(request, answer.status_code)
        return StreamingResponse(
            answer.aiter_raw(),
            headers={**_passed(answer, _OF_FILES), "cache-control": "no-store"},
            background=BackgroundTask(answer.aclose),
        )

    return (
        Route(f"/{PAGES}/{{document}}/{{page:int}}", page, methods=["GET"]),
        Route(f"/{FILES}/{{document}}", file, methods=["GET"]),
    )


def _passed(answer: httpx.Response, names: Sequence[str]) -> dict[str, str]:
    headers = {name: answer.headers[name] for name in names if name in answer.headers}
    return {**headers, "cross-origin-resource-policy": "same-origin"}


def _no_file(request: Request, status: int) -> Response:
    """In words, since a person followed a link: somebody may just have deleted the file."""
    said = request.query_params.get("lang", "")
    texts = words(said if said in LANGUAGES else "zh")
    why = "source.gone" if status < 500 else "login.down"
    return PlainTextResponse(texts[why] + "\n", status)
