"""An app that a company has registered at Feishu, DingTalk or WeCom, and how it calls their API.

Only people of the one configured company may sign in: such an app can be shared with others, and
whoever has an account there could come otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.services.people.sign_in.providers.certificates import certificates
from app.services.people.sign_in.providers.provider import IdentityInvalid, ProviderDown

_TIMEOUT_S = 10.0
_SAID_CHARS = 200
_ADDRESS_LIKE = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class CompanyApp:
    """`company_id`: the tenant key at Feishu, the corp id at DingTalk and WeCom. `agent_id` is of
    WeCom alone. `at`: where the provider is, for another one than the public one."""

    app_id: str
    app_secret: str = field(repr=False)
    company_id: str
    redirect_url: str
    agent_id: str = ""
    at: str = ""

    def address(self, host: str, path: str) -> str:
        return f"{self.at or f'https://{host}'}{path}"

    def check_company(self, company_id: object) -> None:
        """Raises IdentityInvalid for another one's. The log tells which, for whom sets this up."""
        if company_id != self.company_id:
            raise IdentityInvalid(f"the person is of the company {company_id!r:.80}, not of ours")


def code_of(params: Mapping[str, str], name: str = "code") -> str:
    """The code in the parameters of a callback. Raises IdentityInvalid where there is none."""
    if "error" in params or not params.get(name):
        raise IdentityInvalid("the provider sent no code")
    return params[name]


def call(method: str, url: str, **request: Any) -> dict[str, Any]:
    """The JSON object that the API responds with, whatever its status: these providers say in the
    body what went wrong. Raises ProviderDown, without the parameters, which hold secrets."""
    try:
        with httpx.Client(
            verify=certificates(), timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False
        ) as client:
            response = client.request(method, url, **request)
            body = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderDown(f"{url}: {type(error).__name__}") from None
    if response.status_code >= 500 or not isinstance(body, dict):
        raise ProviderDown(f"{url}: status {response.status_code}")
    return body


def refusal(what: str, code: object, message: object) -> str:
    """Of the provider, for the log."""
    said = _ADDRESS_LIKE.sub("…", str(message))[:_SAID_CHARS]
    return f"{what}: {code!r:.80} {said!r}"
