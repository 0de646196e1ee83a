"""Feishu, DingTalk and WeCom on loopback, as an app of a company meets them.

Paths, names and errors are those of the providers' documentation. Each request is checked as
strictly as the documentation says, and everyone is let in as whom a test says.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

APP_ID = "cli_a5d611352af9d00b"
APP_SECRET = "baBqE5um9LbFGDy3X7Lcf"
COMPANY = "736588c92lxf175d"
AGENT = "1000002"
APP_TOKEN = "accesstoken000001"
USER_TOKEN = "eyJhbGciOiJFUzI1NiIs"
SECRETS = (APP_SECRET, APP_TOKEN, USER_TOKEN)

Json = dict[str, Any]


@dataclass(slots=True)
class CompanyApps:
    """`person` is what the provider tells of whoever comes. `answers` replaces what a path
    responds, with a status; `asked` are the paths that were requested."""

    person: Json = field(default_factory=dict)
    company: str = COMPANY
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    app_token: str = APP_TOKEN
    _codes: dict[str, Json] = field(default_factory=dict)

    def sign_in(self, address: str, user_agent: str = "") -> dict[str, str]:
        """What a browser brings back to the callback after it was sent to `address`."""
        answer = httpx.get(address, trust_env=False, headers={"User-Agent": user_agent})
        assert answer.status_code == 302, answer.text
        return dict(httpx.URL(answer.headers["location"]).params)

    def app(self) -> Starlette:
        pages = {
            "/open-apis/authen/v1/authorize": self._feishu_page,
            "/oauth2/auth": self._dingtalk_page,
            "/wwlogin/sso/login": self._wecom_page,
            "/connect/oauth2/authorize": self._wecom_page,
        }
        calls = {
            ("POST", "/oauth/v3/token"): self._feishu_token,
            ("POST", "/open-apis/authen/v2/oauth/token"): self._feishu_token,
            ("GET", "/open-apis/authen/v1/user_info"): self._feishu_person,
            ("POST", "/v1.0/oauth2/userAccessToken"): self._dingtalk_token,
            ("GET", "/v1.0/contact/users/me"): self._dingtalk_person,
            ("GET", "/cgi-bin/gettoken"): self._wecom_token,
            ("GET", "/cgi-bin/auth/getuserinfo"): self._wecom_who,
            ("GET", "/cgi-bin/user/get"): self._wecom_person,
        }
        return Starlette(
            routes=[
                *(Route(path, page) for path, page in pages.items()),
                *(Route(p, self._answering(does), methods=[m]) for (m, p), does in calls.items()),
            ]
        )

    def _answering(self, does: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.asked.append(request.url.path)
            body = await request.json() if request.method == "POST" else {}
            status, said = self.answers.get(request.url.path) or does(request, body)
            return Response(said, status) if isinstance(said, str) else JSONResponse(said, status)

        return answer

    def _back(self, request: Request, name: str) -> Response:
        asked, code = dict(request.query_params), secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = httpx.URL(asked["redirect_uri"]).copy_merge_params(
            {name: code, "state": asked["state"]}
        )
        return RedirectResponse(str(back), 302)

    # Feishu

    async def _feishu_page(self, request: Request) -> Response:
        asked = request.query_params
        assert (asked["client_id"], asked["response_type"]) == (APP_ID, "code")
        assert asked["code_challenge_method"] == "S256"
        return self._back(request, "code")

    def _feishu_token(self, _request: Request, body: Json) -> tuple[int, Json]:
        assert body["grant_type"] == "authorization_code"
        if (body["client_id"], body["client_secret"]) != (APP_ID, APP_SECRET):
            error = "The client secret is invalid."
            return 400, _oauth_error(20002, "invalid_client", error)
        asked = self._codes.pop(body["code"], None)
        if asked is None:
            return 400, _oauth_error(20003, "invalid_grant", "The authorization code is not found.")
        digest = hashlib.sha256(body["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or body["redirect_uri"] != asked["redirect_uri"]:
            return 400, _oauth_error(20049, "invalid_grant", "PKCE code challenge failed.")
        return 200, {
            "code": 0,
            "access_token": USER_TOKEN,
            "expires_in": 7200,
            "scope": "auth:user.id:read",
            "token_type": "Bearer",
        }

    def _feishu_person(self, request: Request, _body: Json) -> tuple[int, Json]:
        if request.headers.get("authorization") != f"Bearer {USER_TOKEN}":
            return 200, {"code": 20005, "msg": "The user access token passed is invalid."}
        usual = {
            "avatar_url": "www.feishu.cn/avatar/icon",
            "en_name": "zhangsan",
            "name": "张三",
            "open_id": "ou-caecc734c2e3328a62489fe0648c4b98779515d3",
            "tenant_key": self.company,
            "union_id": "on-d89jhsdhjsajkda7828enjdj328ydhhw3u43yjhdj",
        }
        return 200, {"code": 0, "msg": "success", "data": {**usual, **self.person}}

    # DingTalk

    async def _dingtalk_page(self, request: Request) -> Response:
        asked = request.query_params
        assert (asked["client_id"], asked["response_type"]) == (APP_ID, "code")
        assert (asked["scope"], asked["prompt"]) == ("openid corpid", "consent")
        return self._back(request, "authCode")

    def _dingtalk_token(self, _request: Request, body: Json) -> tuple[int, Json]:
        assert body["grantType"] == "authorization_code"
        if (body["clientId"], body["clientSecret"]) != (APP_ID, APP_SECRET):
            return 400, {"code": "invalidClientSecret", "message": "不合法的appSecret"}
        if self._codes.pop(body["code"], None) is None:
            return 400, {
                "code": "invalidParameter.authCode.notFound",
                "message": "不合法的临时授权码",
                "requestid": "E1F0",
            }
        token = {"accessToken": USER_TOKEN, "refreshToken": "abcd", "expireIn": 7200}
        return 200, {**token, "corpId": self.company}

    def _dingtalk_person(self, request: Request, _body: Json) -> tuple[int, Json]:
        assert request.headers["x-acs-dingtalk-access-token"] == USER_TOKEN
        usual = {"nick": "张三", "openId": "123", "unionId": "z21HjQliSzpw0Yxxxx", "visitor": False}
        return 200, {**usual, **self.person}

    # WeCom

    async def _wecom_page(self, request: Request) -> Response:
        asked = request.query_params
        assert (asked["appid"], asked["agentid"]) == (COMPANY, AGENT)
        assert asked["state"].isalnum()
        assert len(asked["state"]) <= 128
        if request.url.path == "/wwlogin/sso/login":
            assert asked["login_type"] == "CorpApp"
        else:
            assert (asked["response_type"], asked["scope"]) == ("code", "snsapi_base")
        return self._back(request, "code")

    def _wecom_token(self, request: Request, _body: Json) -> tuple[int, Json]:
        asked = request.query_params
        if (asked["corpid"], asked["corpsecret"]) != (COMPANY, APP_SECRET):
            return 200, {"errcode": 40001, "errmsg": "invalid credential, hint: [1733]"}
        token = {"access_token": self.app_token, "expires_in": 7200}
        return 200, {"errcode": 0, "errmsg": "ok", **token}

    def _wecom_who(self, request: Request, _body: Json) -> tuple[int, Json]:
        asked = request.query_params
        if asked["access_token"] != self.app_token:
            return 200, {"errcode": 40014, "errmsg": "invalid access_token"}
        if self._codes.pop(asked["code"], None) is None:
            return 200, {"errcode": 40029, "errmsg": "invalid code"}
        if self.company != COMPANY:  # not a member, but somebody who is known to the company
            return 200, {"errcode": 0, "errmsg": "ok", "openid": "OPENID", "external_userid": "wo"}
        user_id = self.person.get("userid", "ZhangSan")
        return 200, {"errcode": 0, "errmsg": "ok", "userid": user_id}

    def _wecom_person(self, request: Request, _body: Json) -> tuple[int, Json]:
        assert request.query_params["access_token"] == self.app_token
        usual = {"userid": "ZhangSan", "name": "张三", "department": [1], "status": 1}
        return 200, {"errcode": 0, "errmsg": "ok", **usual, **self.person}


def _oauth_error(code: int, error: str, description: str) -> Json:
    return {"code": code, "error": error, "error_description": description}
