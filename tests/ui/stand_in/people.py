"""The stand-in's routes for signing in, and who may use the others."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from app.api.wire import Problem
from tests.ui.stand_in.accounts import add_account_routes, add_group_routes, add_own_routes
from tests.ui.stand_in.house import COOKIE, Record
from tests.ui.stand_in.service import Application, Refused
from tests.ui.stand_in.sharing import add_sharing_routes


def add_people_routes(api: FastAPI, application: Application) -> None:
    add_session_routes(api, application)
    if (home := application.house) is None:
        return
    add_own_routes(api, home)
    add_account_routes(api, home)
    add_group_routes(api, home)
    add_sharing_routes(api, home)

    @api.middleware("http")
    async def signed_in(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        home.heard.append({**request.headers, "path": request.url.path})
        path = request.url.path
        open_path = path.startswith("/api/session/") or path in {"/api/session", "/healthz"}
        if not open_path and request.cookies.get(COOKIE) not in home.sessions:
            problem = Problem(title="", status=401, detail="Sign in.", code="unauthenticated")
            return JSONResponse(problem.model_dump(mode="json"), 401)
        return await call_next(request)


def add_session_routes(api: FastAPI, application: Application) -> None:
    home = application.house

    def session_of(token: str) -> Record:
        session = home.sessions.get(token) if home else None
        person = home.people[session["person_id"]] if home and session else None
        if person:
            person = {**person, "groups": []}
        auth, providers = (home.auth, home.providers) if home else ("none", [])
        return {"auth": auth, "providers": providers, "person": person}

    @api.get("/api/session")
    async def read(request: Request) -> Record:
        return session_of(request.cookies.get(COOKIE, ""))

    if home is None:
        return

    def opened(response: Response, name: str, request: Request) -> Record:
        token = home.sign_in(name, request.headers.get("user-agent", ""))
        response.set_cookie(COOKIE, token, httponly=True, samesite="lax")
        return session_of(token)

    @api.post("/api/session")
    async def sign_in(body: Record, request: Request, response: Response) -> Record:
        person = next((p for p in home.people.values() if p["name"] == body["name"]), None)
        if person is None or home.passwords[person["id"]] != body["password"]:
            raise Refused(401, "sign_in_failed", "No.")
        return opened(response, person["name"], request)

    @api.delete("/api/session", status_code=204)
    async def sign_out(request: Request, response: Response) -> None:
        home.sessions.pop(request.cookies.get(COOKIE, ""), None)
        response.delete_cookie(COOKIE)

    @api.post("/api/session/renew", status_code=204)
    async def renew(request: Request, response: Response) -> None:
        token = request.cookies.get(COOKIE, "")
        if home.successor and token in home.sessions:
            home.sessions[home.successor] = home.sessions.pop(token)
            response.set_cookie(COOKIE, home.successor, httponly=True, samesite="lax")
            home.successor = ""

    @api.get("/api/session/link")
    async def link(token: str) -> Record:
        if token not in home.links:
            raise Refused(404, "link_invalid", "No.")
        person = home.people[home.links[token]]
        return {"name": person["name"], "purpose": "invite"}

    @api.post("/api/session/link")
    async def use_link(body: Record, request: Request, response: Response) -> Record:
        if len(body["password"]) < 10:
            raise Refused(422, "weak_password", "No.")
        person = home.people[home.links.pop(body["token"])]
        home.passwords[person["id"]], person["state"] = body["password"], "active"
        return opened(response, person["name"], request)

    @api.post("/api/session/providers/{name}")
    async def provider(name: str, body: Record, response: Response) -> Record:
        response.set_cookie("zhiwen_sign_in", "state", httponly=True)
        return {"url": f"https://login.example/authorize?for={name}&next={body['next']}"}

    @api.post("/api/session/providers/{name}/callback")
    async def callback(name: str, body: Record, request: Request, response: Response) -> Record:
        if body["params"].get("state") != request.cookies.get("zhiwen_sign_in"):
            raise Refused(401, "state_invalid", "No.")
        return {"next": body["params"]["next"], **opened(response, "wang", request)}
