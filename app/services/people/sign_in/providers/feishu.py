"""Feishu, and Lark, as it is called outside of China.

As documented at open.feishu.cn ("Obtain OAuth code", "Get user_access_token", "Get user info"):
OAuth 2.0 with PKCE, but requests are JSON, and errors come as a `code` other than 0. Feishu has the
third version of the token endpoint; Lark's documentation still has the second, which takes the
same.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.services.people.sign_in.identities import Identity
from app.services.people.sign_in.providers.company import CompanyApp, call, code_of, refusal
from app.services.people.sign_in.providers.provider import (
    IdentityInvalid,
    ProviderDown,
    check_subject,
    line,
)

# What is wrong with the app and not with the person who signs in: "Get user_access_token".
_OF_THE_APP = {20002, 20048, 20063, 20069, 20071}


@dataclass(frozen=True, slots=True)
class Site:
    """One of the two services: where one signs in, its API, and where its tokens come from."""

    name: str
    label: str
    accounts: str
    api: str
    token: tuple[str, str]  # host and path


FEISHU = Site(
    "feishu",
    "Feishu",
    "accounts.feishu.cn",
    "open.feishu.cn",
    ("accounts.feishu.cn", "/oauth/v3/token"),
)
LARK = Site(
    "lark",
    "Lark",
    "accounts.larksuite.com",
    "open.larksuite.com",
    ("open.larksuite.com", "/open-apis/authen/v2/oauth/token"),
)


@dataclass(frozen=True, slots=True)
class FeishuProvider:
    app: CompanyApp
    site: Site = FEISHU

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def label(self) -> str:
        return self.site.label

    @property
    def issuer(self) -> str:
        return f"{self.name}:{self.app.company_id}"

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        challenge = hashlib.sha256(code_verifier.encode()).digest()
        asked = {
            "client_id": self.app.app_id,
            "response_type": "code",
            "redirect_uri": self.app.redirect_url,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        page = self.app.address(self.site.accounts, "/open-apis/authen/v1/authorize")
        return f"{page}?{urlencode(asked)}"

    def identity(self, params: Mapping[str, str], nonce_hash: str, code_verifier: str) -> Identity:
        token = self._token(code_of(params), code_verifier)
        person = self._person(token)
        self.app.check_company(person.get("tenant_key"))
        # The mail addresses are what an administrator has typed: nothing is decided by them.
        email = line(person, "enterprise_email") or line(person, "email")
        name = line(person, "name")
        # The open_id is another one once the app is registered anew; the union_id stays.
        return Identity(
            self.issuer,
            check_subject(person.get("union_id")),
            email or name,
            name,
            email,
        )

    def _token(self, code: str, code_verifier: str) -> str:
        said = call(
            "POST",
            self.app.address(*self.site.token),
            json={
                "grant_type": "authorization_code",
                "client_id": self.app.app_id,
                "client_secret": self.app.app_secret,
                "code": code,
                "redirect_uri": self.app.redirect_url,
                "code_verifier": code_verifier,
            },
        )
        token = said.get("access_token")
        if said.get("code", 0) != 0 or not isinstance(token, str):
            what = refusal("token", said.get("code"), said.get("error_description"))
            wrong_app = said.get("code") in _OF_THE_APP or said.get("error") == "invalid_client"
            raise ProviderDown(what) if wrong_app else IdentityInvalid(what)
        return token

    def _person(self, token: str) -> dict[str, Any]:
        said = call(
            "GET",
            self.app.address(self.site.api, "/open-apis/authen/v1/user_info"),
            headers={"Authorization": f"Bearer {token}"},
        )
        person = said.get("data")
        if said.get("code") != 0 or not isinstance(person, dict):
            raise IdentityInvalid(refusal("user_info", said.get("code"), said.get("msg")))
        return person
