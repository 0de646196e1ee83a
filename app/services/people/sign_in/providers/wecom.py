"""WeCom (企业微信, WeChat Work), with an app of the company itself.

As documented at developer.work.weixin.qq.com (paths 98152, 98177, 91022, 96255): there is no token
of the person. A token of the app, which it must keep, reads with the code who somebody is. Errors
come as an `errcode` other than 0. Members outside of the app's visible range get a code as well,
but the app can't read them: so that range decides who may sign in.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.services.people.sign_in.identities import Identity
from app.services.people.sign_in.providers.app_token import AppToken
from app.services.people.sign_in.providers.company import CompanyApp, call, code_of, refusal
from app.services.people.sign_in.providers.provider import (
    IdentityInvalid,
    ProviderDown,
    check_subject,
    line,
)
from app.services.people.visitor import visitor

_API = "qyapi.weixin.qq.com"
_TOKEN_ENDED = {40014, 42001}  # the app's; they may end before their time
_OF_THE_PERSON = {40029, 40003, 46004, 60011, 60111}  # the code, or a person who can't be read
_ACTIVE, _NOT_ACTIVE_YET = 1, 4


@dataclass(slots=True, eq=False)
class WeComProvider:
    """`clock` gives seconds, as `time.monotonic`."""

    app: CompanyApp
    clock: Callable[[], float] = time.monotonic
    name: str = "wecom"
    label: str = "WeCom"
    _app_token: AppToken = field(init=False)

    def __post_init__(self) -> None:
        self._app_token = AppToken(self._get_token, self.clock)

    @property
    def issuer(self) -> str:
        return f"{self.name}:{self.app.company_id}"

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        asked = {
            "appid": self.app.company_id,
            "agentid": self.app.agent_id,
            "redirect_uri": self.app.redirect_url,
            "state": state,
        }
        if "wxwork" in visitor().user_agent.lower():  # within WeCom there is no code to scan
            page = self.app.address("open.weixin.qq.com", "/connect/oauth2/authorize")
            asked |= {"response_type": "code", "scope": "snsapi_base"}
            return f"{page}?{urlencode(asked)}#wechat_redirect"
        page = self.app.address("login.work.weixin.qq.com", "/wwlogin/sso/login")
        return f"{page}?{urlencode({'login_type': 'CorpApp', **asked})}"

    def identity(self, params: Mapping[str, str], nonce_hash: str, code_verifier: str) -> Identity:
        said = self._read("auth/getuserinfo", code=code_of(params))
        if not said.get("userid"):
            raise IdentityInvalid("the person is no member of the company")
        user_id = check_subject(said["userid"])
        person = self._read("user/get", userid=user_id)
        if person.get("status", _ACTIVE) not in (_ACTIVE, _NOT_ACTIVE_YET):
            raise IdentityInvalid("the member is disabled or has left")
        email = line(person, "biz_mail") or line(person, "email")
        # User ids are unique within a company, and the same one in upper and lower case.
        return Identity(
            self.issuer,
            user_id.lower(),
            user_id,
            line(person, "name"),
            email,
        )

    def _read(self, path: str, **params: str) -> dict[str, Any]:
        """Raises ProviderDown, IdentityInvalid."""
        token = self._app_token()
        said = self._call(path, access_token=token, **params)
        if said.get("errcode") in _TOKEN_ENDED:
            self._app_token.forget(token)
            said = self._call(path, access_token=self._app_token(), **params)
        code = said.get("errcode")
        if code != 0:
            what = refusal(path, code, said.get("errmsg"))
            raise IdentityInvalid(what) if code in _OF_THE_PERSON else ProviderDown(what)
        return said

    def _get_token(self) -> tuple[str, float]:
        said = self._call("gettoken", corpid=self.app.company_id, corpsecret=self.app.app_secret)
        token, lasts_s = said.get("access_token"), said.get("expires_in")
        if said.get("errcode") != 0 or not isinstance(token, str):
            raise ProviderDown(refusal("gettoken", said.get("errcode"), said.get("errmsg")))
        return token, lasts_s if isinstance(lasts_s, int) else 0

    def _call(self, path: str, **params: str) -> dict[str, Any]:
        return call("GET", self.app.address(_API, f"/cgi-bin/{path}"), params=params)
