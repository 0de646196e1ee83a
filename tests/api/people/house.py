"""People who use a running service, each with a browser of their own."""

from dataclasses import dataclass
from typing import Any

import httpx

from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi
from tests.patience import PATIENCE_S

PASSWORD = "seven green kettles"


@dataclass(frozen=True, slots=True)
class House:
    api: RunningApi

    def browser(self, **headers: str) -> httpx.Client:
        """Keeps cookies, like a browser; nobody is signed in."""
        return httpx.Client(
            base_url=self.api.url, timeout=PATIENCE_S, trust_env=False, headers={**headers}
        )

    def invite(self, name: str, *, admin: bool = False) -> str:
        """The token of the link for a new account."""
        _, token = self.api.application.accounts.create(LOCAL_OWNER, name, admin=admin)
        return token

    def person(self, name: str, *, admin: bool = False) -> httpx.Client:
        """Somebody new who has chosen their password and is signed in."""
        browser = self.browser()
        body = {"token": self.invite(name, admin=admin), "password": PASSWORD}
        browser.post("/api/session/link", json=body).raise_for_status()
        return browser

    def person_id(self, name: str) -> str:
        return self.api.application.accounts.named(name).id


def sign_in(browser: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return browser.post("/api/session", json={"name": name, "password": password})


def who(browser: httpx.Client) -> Any:
    """The person whom the service takes the browser for."""
    return browser.get("/api/session").json()["person"]
