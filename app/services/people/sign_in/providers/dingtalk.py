"""DingTalk.

As other programs speak with `api.dingtalk.com` (its own pages were not at hand): the callback has
`authCode`, names are in camel case, the token goes into a header of its own, and there is no PKCE.
With the scope `corpid` the token says which company the person has chosen to act for. An error is a
`code` in words, with a status of 400 or more.
"""

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

_API = "api.dingtalk.com"


@dataclass(frozen=True, slots=True)
class DingTalkProvider:
    app: CompanyApp
    name: str = "dingtalk"
    label: str = "DingTalk"

    @property
    def issuer(self) -> str:
        return f"{self.name}:{self.app.company_id}"

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        asked = {
            "client_id": self.app.app_id,
            "response_type": "code",
            "redirect_uri": self.app.redirect_url,
            "scope": "openid corpid",
            "prompt": "consent",
            "corpId": self.app.company_id,  # so that nobody has to choose it
            "state": state,
        }
        return f"{self.app.address('login.dingtalk.com', '/oauth2/auth')}?{urlencode(asked)}"

    def identity(self, params: Mapping[str, str], nonce_hash: str, code_verifier: str) -> Identity:
        token = self._token(code_of(params, "authCode"))
        self.app.check_company(token.get("corpId"))
        person = self._person(str(token["accessToken"]))
        email, nick = line(person, "email"), line(person, "nick")
        return Identity(
            self.issuer,
            check_subject(person.get("unionId")),
            email or nick,
            nick,
            email,
        )

    def _token(self, code: str) -> dict[str, Any]:
        said = call(
            "POST",
            self.app.address(_API, "/v1.0/oauth2/userAccessToken"),
            json={
                "clientId": self.app.app_id,
                "clientSecret": self.app.app_secret,
                "code": code,
                "grantType": "authorization_code",
            },
        )
        if not isinstance(said.get("accessToken"), str):
            what = refusal("userAccessToken", said.get("code"), said.get("message"))
            # `invalidParameter.authCode.…` is about the code; what else is wrong is the app.
            of_the_code = "authcode" in str(said.get("code")).lower()
            raise IdentityInvalid(what) if of_the_code else ProviderDown(what)
        return said

    def _person(self, token: str) -> dict[str, Any]:
        said = call(
            "GET",
            self.app.address(_API, "/v1.0/contact/users/me"),
            headers={"x-acs-dingtalk-access-token": token},
        )
        if "unionId" not in said:
            # Most often the app lacks the permission Contact.User.Read.
            raise ProviderDown(refusal("contact/users/me", said.get("code"), said.get("message")))
        return said
