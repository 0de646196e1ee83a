"""The API's own description, and who may read it and the metrics."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

from app.api.deps import App, credentials
from app.people_settings import is_loopback
from app.wiring.application import Zhiwen

_OPENAPI = "/openapi.json"


def _require_admin(request: Request, app: Zhiwen, *, public: bool) -> None:
    """Raises Unauthenticated, Forbidden where other machines reach the API and the setting does not
    allow it to everyone."""
    if not (public or is_loopback(app.settings.api_host)):
        app.authentication.access(credentials(request)).require_admin()


def metrics_access(request: Request, app: App) -> None:
    """For everyone on loopback or with ZHIWEN_PUBLIC_METRICS, else for administrators."""
    _require_admin(request, app, public=app.settings.public_metrics)


def _docs_access(request: Request, app: App) -> None:
    _require_admin(request, app, public=app.settings.public_docs)


router = APIRouter(include_in_schema=False, dependencies=[Depends(_docs_access)])


@router.get(_OPENAPI)
def openapi(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.app.openapi()
    return found


@router.get("/docs")
def docs() -> HTMLResponse:
    return get_swagger_ui_html(openapi_url=_OPENAPI, title="Zhiwen")


@router.get("/redoc")
def redoc() -> HTMLResponse:
    return get_redoc_html(openapi_url=_OPENAPI, title="Zhiwen")
