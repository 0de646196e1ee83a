"""The pictures of pages, passed on from the API: the browser reaches only the interface."""

import re

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ui.client.http import no_cookies
from ui.sign_in.visits import visitor_of

PATH = "zhiwen/pages"  # then /{document}/{page}
_PASSED = ("content-type", "etag", "cache-control")
_ID = re.compile(r"[0-9a-f]{1,64}")
_TIMEOUT = httpx.Timeout(60.0, connect=3.0)


def route(api_url: str) -> Route:
    """A page of a document; what the API refuses is refused with its own status and problem."""
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
        headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["vary"] = "Cookie"
        return Response(answer.content, answer.status_code, headers)

    return Route(f"/{PATH}/{{document}}/{{page:int}}", page, methods=["GET"])
