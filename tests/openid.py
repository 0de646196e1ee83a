"""An OpenID provider on loopback, which lets everyone in as whom a test says, and can misbehave.

`python -m tests.openid` runs one at http://127.0.0.1:9400 for looking at a sign-in in a browser.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.serving import listening_socket, serving_on

CLIENT_ID = "zhiwen-test"
CLIENT_SECRET = "a secret of the tests"
PORT = 9400

Fault = Literal[
    "",
    "nonce",
    "no nonce",
    "audience",
    "more audiences",
    "issuer",
    "expired",
    "key",
    "unsigned",
    "symmetric",
    "access token",
    "no subject",
    "userinfo",
    "down",
    "metadata issuer",
    "metadata http",
    "redirect",
]


@dataclass(slots=True)
class OpenIdProvider:
    """`person` are the claims of whoever comes; `in_id_token` those of them that the ID token has,
    the others are told by userinfo only. `asked` are the paths that were requested."""

    url: str
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "ada-1"})
    in_id_token: set[str] | None = None
    fault: Fault = ""
    client_auth: str = "client_secret_basic"
    asked: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sign_in(self, address: str) -> dict[str, str]:
        """What a browser brings back to the callback after it was sent to `address`."""
        answer = httpx.get(address, trust_env=False)
        assert answer.status_code == 302, answer.text
        return dict(httpx.URL(answer.headers["location"]).params)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/userinfo", self._userinfo),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if self.fault == "down":
            return Response(status_code=503)
        if self.fault == "redirect":
            return RedirectResponse(f"{self.url}/elsewhere")
        token_url = f"{self.url}/token"
        if self.fault == "metadata http":
            token_url = "http://169.254.169.254/latest/meta-data"
        return JSONResponse(
            {
                "issuer": self.url if self.fault != "metadata issuer" else "https://evil.example",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": token_url,
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "token_endpoint_auth_methods_supported": [self.client_auth],
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        form = await request.form()
        asked = self._codes.pop(str(form["code"]), None)
        verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = _encoded(verifier)
        if (
            asked is None
            or not self._is_client(request, form)
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = secrets.token_urlsafe(16)
        self._tokens[token] = self.person
        body = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
        return JSONResponse({**body, "id_token": self._id_token(asked["nonce"], token)})

    def _is_client(self, request: Request, form: FormData) -> bool:
        login = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        given = (
            request.headers.get("authorization"),
            form.get("client_id"),
            form.get("client_secret"),
        )
        return (
            given
            == {
                "client_secret_basic": (f"Basic {login}", None, None),
                "client_secret_post": (None, CLIENT_ID, CLIENT_SECRET),
                "none": (None, CLIENT_ID, None),
            }[self.client_auth]
        )

    def _id_token(self, nonce: str, access_token: str) -> str:
        now, fault = int(time.time()), self.fault
        own = self.person.keys() if self.in_id_token is None else self.in_id_token | {"sub"}
        audience: Any = "somebody else" if fault == "audience" else CLIENT_ID
        at_hash = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            **{name: value for name, value in self.person.items() if name in own},
            "iss": "https://evil.example" if fault == "issuer" else self.url,
            "aud": [CLIENT_ID, "somebody else"] if fault == "more audiences" else audience,
            "iat": now - 7200 if fault == "expired" else now,
            "exp": now - 3600 if fault == "expired" else now + 300,
            "nonce": "another" if fault == "nonce" else nonce,
            "at_hash": _encoded(at_hash),
        }
        if fault == "more audiences":
            claims["azp"] = "somebody else"
        if fault == "access token":
            claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
        for left_out, name in (("no nonce", "nonce"), ("no subject", "sub")):
            if fault == left_out:
                del claims[name]
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.fault == "unsigned":
            return f"{_json({'alg': 'none'})}.{_json(claims)}."
        if self.fault == "symmetric":  # the public key as a secret that everybody knows
            body = f"{_json({'alg': 'HS256'})}.{_json(claims)}"
            public = self.key.as_pem(private=False)
            return f"{body}.{_encoded(hmac.digest(public, body.encode(), 'sha256'))}"
        other = self.fault == "key"
        key = RSAKey.generate_key(2048, {"kid": "one"}) if other else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    async def _keys(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _userinfo(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        person = self._tokens[request.headers["authorization"].removeprefix("Bearer ")]
        return JSONResponse({**person, "sub": "bob-2"} if self.fault == "userinfo" else person)


def _json(data: dict[str, Any]) -> str:
    return _encoded(json.dumps(data).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def running_provider() -> Iterator[OpenIdProvider]:
    """A provider on a free port."""
    with listening_socket() as listener:
        provider = OpenIdProvider(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with serving_on(listener, provider.app()):
            yield provider


if __name__ == "__main__":
    person = {"sub": "ada-1", "preferred_username": "ada", "name": "Ada L.", "groups": ["Law"]}
    uvicorn.run(OpenIdProvider(f"http://127.0.0.1:{PORT}", person).app(), port=PORT)
