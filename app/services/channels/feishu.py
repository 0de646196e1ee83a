"""Feishu and Lark: messages to an app of the company.

As documented at open.feishu.cn (接收事件; im.message.receive_v1; 回复消息): with an Encrypt Key the
event is AES-256-CBC under its SHA-256, the first 16 bytes being the initialisation vector, and
`X-Lark-Signature` is the SHA-256 of time, nonce, key and body. The check of an address is encrypted
but not signed; the Verification Token in it proves where it is from. A response is wanted in 3
seconds, or the event comes again, up to four times in some hours.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from app.services.channels.messenger import (
    Delivery,
    Forged,
    Handshake,
    Incoming,
    check_time,
    decrypt,
    from_base64,
    json_object,
    part,
    send,
)
from app.services.people.sign_in.providers.app_token import AppToken

FEISHU, LARK = "https://open.feishu.cn", "https://open.larksuite.com"
_IV = 16


@dataclass(slots=True, eq=False)
class FeishuMessenger:
    """`token` is the Verification Token, `encrypt_key` the Encrypt Key; `company_id` the tenant key
    of the people who may ask."""

    company_id: str
    app_id: str
    app_secret: str = field(repr=False)
    token: str = field(repr=False)
    encrypt_key: str = field(repr=False)
    at: str = FEISHU
    max_bytes: int = 30_000  # the documented 150 KB are of the request
    _app_token: AppToken = field(init=False)

    def __post_init__(self) -> None:
        self._app_token = AppToken(self._get_token)

    def read(self, delivery: Delivery) -> Incoming | Handshake | None:
        event = self._decrypt(json_object(delivery.body).get("encrypt"))
        if event.get("type") == "url_verification":
            self._check_token(event.get("token"))
            return Handshake(json.dumps({"challenge": event.get("challenge")}), "application/json")
        self._check_signature(delivery)
        self._check_token(part(event, "header", "token"))
        if part(event, "header", "event_type") != "im.message.receive_v1":
            return None
        return self._message(event)

    def _message(self, event: dict[str, Any]) -> Incoming | None:
        sender, message = part(event, "event", "sender"), part(event, "event", "message")
        if part(event, "header", "app_id") != self.app_id:
            raise Forged("it is for another app")
        if part(sender, "tenant_key") != self.company_id:
            raise Forged("the person is of another company")  # in a group with others
        if part(sender, "sender_type") != "user" or part(message, "message_type") != "text":
            return None
        mentions = part(message, "mentions") or []
        if part(message, "chat_type") == "group" and not mentions:
            return None  # an app that may read all messages of a group gets those as well
        content = json_object(str(part(message, "content")).encode())
        text, id_ = str(content.get("text", "")), str(part(message, "message_id"))
        for mention in mentions:
            text = text.replace(str(part(mention, "key") or "@_all"), " ")
        # A redelivered event has its own id again; the same message may come as another event.
        return Incoming((id_, str(part(event, "header", "event_id"))), text, id_)

    def reply(self, to: str, text: str) -> None:
        body = {
            "msg_type": "text",
            "content": json.dumps({"text": text}, ensure_ascii=False),
            # Feishu sends one message for an id, however often it is asked in an hour.
            "uuid": hashlib.sha256(f"{to} {text}".encode()).hexdigest()[:32],
        }
        headers = {"Authorization": f"Bearer {self._app_token()}"}
        url = f"{self.at}/open-apis/im/v1/messages/{to}/reply"
        send("POST", url, "code", headers=headers, json=body)

    def _get_token(self) -> tuple[str, float]:
        body = {"app_id": self.app_id, "app_secret": self.app_secret}
        url = f"{self.at}/open-apis/auth/v3/tenant_access_token/internal"
        said = send("POST", url, "code", json=body)
        return str(said.get("tenant_access_token")), float(said.get("expire") or 0)

    def _check_signature(self, delivery: Delivery) -> None:
        sent_at, nonce, signature = (
            delivery.headers.get(f"x-lark-{name}", "")
            for name in ("request-timestamp", "request-nonce", "signature")
        )
        signed = hashlib.sha256(f"{sent_at}{nonce}{self.encrypt_key}".encode() + delivery.body)
        if not hmac.compare_digest(signed.hexdigest().encode(), signature.encode()):
            raise Forged("its signature is wrong")
        check_time(sent_at, delivery.received_at)

    def _check_token(self, token: object) -> None:
        if not hmac.compare_digest(str(token).encode(), self.token.encode()):
            raise Forged("its verification token is wrong")

    def _decrypt(self, encrypted: object) -> dict[str, Any]:
        key, data = hashlib.sha256(self.encrypt_key.encode()).digest(), from_base64(encrypted)
        if len(data) <= _IV:
            raise Forged("nothing in it is encrypted")
        return json_object(decrypt(key, data[:_IV], data[_IV:]))
