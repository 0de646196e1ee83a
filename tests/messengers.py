"""WeCom, Feishu and DingTalk on loopback, as a bot meets them.

Paths, names and errors are those of their documentation. Each sends events as strictly signed as it
does, and takes answers only as its API would.
"""

import base64
import hashlib
import hmac
import json
import os
import queue
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

COMPANY, AGENT, APP_ID = "wx5823bf96d3bd56c7", "1000002", "cli_9f5343c580712544"
SECRET, TOKEN = "bYt4-7wLqZ0-4711c", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
APP_TOKEN = "accesstoken000001"
SESSION = "session-0815"
PLATFORMS = ("wecom", "feishu", "dingtalk")
VARIABLES = {"BOT_SECRET": SECRET, "BOT_TOKEN": TOKEN, "BOT_AES_KEY": AES_KEY}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a bot sent: to whom, and its text."""

    platform: str
    to: str
    text: str
    raw: dict[str, Any]


@dataclass(slots=True)
class Messengers:
    """`url` is their API, `bots` the address of ours. What bots sent is in `sent`."""

    bots: str = ""
    url: str = ""
    sent: "queue.Queue[Sent]" = field(default_factory=queue.Queue)
    tokens_given: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/cgi-bin/gettoken", self._wecom_token),
                Route("/cgi-bin/message/send", self._wecom_send, methods=["POST"]),
                Route(
                    "/open-apis/auth/v3/tenant_access_token/internal",
                    self._feishu_token,
                    methods=["POST"],
                ),
                Route("/open-apis/im/v1/messages/{id}/reply", self._feishu_reply, methods=["POST"]),
                Route("/robot/sendBySession", self._dingtalk_send, methods=["POST"]),
            ]
        )

    def file(self) -> str:
        """`bots.toml` with a bot of each."""
        of_all = f'company_id = "{COMPANY}"\nsecret_env = "BOT_SECRET"\nkey_env = "BOT_KEY"\n\
bases = ["手册"]\nat = "{self.url}"\n'
        keys = 'token_env = "BOT_TOKEN"\naes_key_env = "BOT_AES_KEY"\n'
        app_ids = {"wecom": AGENT, "feishu": APP_ID}
        return "\n".join(
            f'[[bot]]\nname = "{name}"\nplatform = "{name}"\n{of_all}'
            + (f'app_id = "{app_ids[name]}"\n{keys}' if name in app_ids else "")
            for name in PLATFORMS
        )

    def deliver(self, platform: str, text: str, **changes: Any) -> httpx.Response:
        """Somebody writes to the bot. `id`: of the message; `at`: when, in seconds; `forge`: what
        is done to the request before it goes out."""
        return send(self.bots, event(self, platform, text, **changes))

    async def _wecom_token(self, request: Request) -> JSONResponse:
        if dict(request.query_params) != {"corpid": COMPANY, "corpsecret": SECRET}:
            return JSONResponse({"errcode": 40001, "errmsg": "invalid credential"})
        self.tokens_given += 1
        said = {"errcode": 0, "errmsg": "ok", "access_token": APP_TOKEN, "expires_in": 7200}
        return JSONResponse(said)

    async def _wecom_send(self, request: Request) -> JSONResponse:
        body = await request.json()
        if request.query_params.get("access_token") != APP_TOKEN:
            return JSONResponse({"errcode": 40014, "errmsg": "invalid access_token"})
        assert body["msgtype"] == "text" and body["agentid"] == int(AGENT)
        assert len(body["text"]["content"].encode()) <= 2048
        self.sent.put(Sent("wecom", body["touser"], body["text"]["content"], body))
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": "x"})

    async def _feishu_token(self, request: Request) -> JSONResponse:
        if await request.json() != {"app_id": APP_ID, "app_secret": SECRET}:
            return JSONResponse({"code": 10014, "msg": "app secret invalid"})
        self.tokens_given += 1
        said = {"code": 0, "msg": "ok", "tenant_access_token": APP_TOKEN, "expire": 7200}
        return JSONResponse(said)

    async def _feishu_reply(self, request: Request) -> JSONResponse:
        body = await request.json()
        if request.headers.get("authorization") != f"Bearer {APP_TOKEN}":
            return JSONResponse({"code": 99991663, "msg": "Invalid access token"}, 400)
        assert body["msg_type"] == "text" and len(body["uuid"]) <= 50
        text = json.loads(body["content"])["text"]
        self.sent.put(Sent("feishu", request.path_params["id"], text, body))
        return JSONResponse({"code": 0, "msg": "success", "data": {}})

    async def _dingtalk_send(self, request: Request) -> JSONResponse:
        body = await request.json()
        if request.query_params.get("session") != SESSION:
            return JSONResponse({"errcode": 310000, "errmsg": "session not exist"})
        assert body["msgtype"] == "text"
        people = ",".join(body["at"]["atUserIds"])
        self.sent.put(Sent("dingtalk", people, body["text"]["content"], body))
        return JSONResponse({"errcode": 0, "errmsg": "ok"})


@dataclass(slots=True)
class Event:
    """A request of a messenger, to be changed by who forges one."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


def send(url: str, event: Event) -> httpx.Response:
    address = f"{url}{event.path}?{urlencode(event.query)}"
    return httpx.request(
        event.method, address, content=event.body, headers=event.headers, trust_env=False
    )


def event(
    messengers: Messengers,
    platform: str,
    text: str,
    *,
    id: str = "",
    at: float | None = None,
    **changes: Any,
) -> Event:
    id, at = id or os.urandom(8).hex(), time.time() if at is None else at
    make = {"wecom": _wecom, "feishu": _feishu, "dingtalk": _dingtalk}[platform]
    return make(messengers, text, id, at, changes)


def encrypt(key: bytes, iv: bytes, plain: bytes, block: int) -> bytes:
    padder = padding.PKCS7(block * 8).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return encryptor.update(padded) + encryptor.finalize()


def wecom_signed(plain: str, at: float, company: str = COMPANY, token: str = TOKEN) -> Event:
    key = base64.b64decode(AES_KEY + "=")
    message = plain.encode()
    whole = os.urandom(16) + len(message).to_bytes(4, "big") + message + company.encode()
    encrypted = base64.b64encode(encrypt(key, key[:16], whole, 32)).decode()
    sent_at, nonce = str(int(at)), os.urandom(5).hex()
    signed = "".join(sorted((token, sent_at, nonce, encrypted)))
    signature = hashlib.sha1(signed.encode()).hexdigest()  # noqa: S324  # as WeCom does
    body = f"<xml><ToUserName><![CDATA[{company}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]>\
</Encrypt><AgentID><![CDATA[{AGENT}]]></AgentID></xml>"
    query = {"msg_signature": signature, "timestamp": sent_at, "nonce": nonce}
    return Event("/api/bots/wecom", body.encode(), {"Content-Type": "text/xml"}, query)


def _wecom(_: Messengers, text: str, id: str, at: float, changes: dict[str, Any]) -> Event:
    plain = f"<xml><ToUserName><![CDATA[{COMPANY}]]></ToUserName>\
<FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>{int(at)}</CreateTime>\
<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>\
<MsgId>{int(id, 16)}</MsgId><AgentID>{AGENT}</AgentID></xml>"
    return wecom_signed(plain, at, **changes)


def wecom_echo(echo: str, at: float) -> Event:
    """The check of an address that is entered in WeCom."""
    sent = wecom_signed(echo, at)
    sent.query["echostr"] = sent.body.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode()
    sent.method, sent.body = "GET", b""
    return sent


def feishu_signed(plain: dict[str, Any], at: float, encrypt_key: str = AES_KEY) -> Event:
    iv, key = os.urandom(16), hashlib.sha256(encrypt_key.encode()).digest()
    encrypted = base64.b64encode(iv + encrypt(key, iv, json.dumps(plain).encode(), 16)).decode()
    body, sent_at, nonce = json.dumps({"encrypt": encrypted}).encode(), str(int(at)), "n0nce"
    signed = hashlib.sha256(f"{sent_at}{nonce}{encrypt_key}".encode() + body).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Lark-Request-Timestamp": sent_at,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": signed,
    }
    return Event("/api/bots/feishu", body, headers)


def _feishu(_: Messengers, text: str, id: str, at: float, changes: dict[str, Any]) -> Event:
    group = changes.get("group", True)
    mention = {"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "知问"}
    return feishu_signed(
        {
            "schema": "2.0",
            "header": {
                "event_id": changes.get("event_id", f"event-{id}"),
                "event_type": changes.get("event_type", "im.message.receive_v1"),
                "create_time": str(int(at * 1000)),
                "token": changes.get("token", TOKEN),
                "app_id": APP_ID,
                "tenant_key": COMPANY,
            },
            "event": {
                "sender": {
                    "sender_id": {"open_id": "ou_zhang"},
                    "sender_type": changes.get("sender_type", "user"),
                    "tenant_key": changes.get("company", COMPANY),
                },
                "message": {
                    "message_id": f"om_{id}",
                    "chat_type": "group" if group else "p2p",
                    "message_type": "text",
                    "content": json.dumps({"text": f"@_user_1 {text}" if group else text}),
                    "mentions": [mention] if group else None,
                },
            },
        },
        at,
    )


def dingtalk_sign(sent_at: str, secret: str = SECRET) -> str:
    signed = hmac.digest(secret.encode(), f"{sent_at}\n{secret}".encode(), "sha256")
    return base64.b64encode(signed).decode()


def _dingtalk(
    messengers: Messengers, text: str, id: str, at: float, changes: dict[str, Any]
) -> Event:
    sent_at = str(int(at * 1000))
    body = {
        "conversationId": "cid",
        "chatbotCorpId": COMPANY,
        "msgId": f"msg{id}",
        "senderNick": "张三",
        "senderStaffId": "zhangsan",
        "senderCorpId": changes.get("company", COMPANY),
        "conversationType": "2",
        "isInAtList": True,
        "sessionWebhookExpiredTime": int(at * 1000) + 5_400_000,
        "sessionWebhook": changes.get(
            "webhook", f"{messengers.url}/robot/sendBySession?session={SESSION}"
        ),
        "text": {"content": f" {text}"},
        "msgtype": "text",
    }
    headers = {"timestamp": sent_at, "sign": dingtalk_sign(sent_at)}
    return Event("/api/bots/dingtalk", json.dumps(body).encode(), headers)
