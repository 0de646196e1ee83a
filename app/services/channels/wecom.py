"""WeCom (企业微信): messages to an app of the company itself.

As documented at developer.work.weixin.qq.com (paths 90238, 90968, 90236): what is encrypted is
signed with the token, by SHA-1 over the sorted parts; the key is the EncodingAESKey, its first 16
bytes the initialisation vector, and the padding goes to 32 bytes. Within are 16 random bytes, the
length, the message, and the company's id. A response is wanted in 5 seconds, or the message comes
again, three times. Apps get no messages of groups.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any

from app.services.channels.messenger import (
    Delivery,
    Forged,
    Handshake,
    Incoming,
    NotSent,
    check_time,
    decrypt,
    from_base64,
    send,
)
from app.services.people.sign_in.providers.app_token import AppToken

WECOM = "https://qyapi.weixin.qq.com"
# The outer XML is not signed yet when it is read: nothing parses it.
_ENCRYPT = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>")
_RANDOM, _LENGTH, _PADDED_TO = 16, 4, 32
_TOKEN_ENDED = ("40014", "42001")


@dataclass(slots=True, eq=False)
class WeComMessenger:
    """`token` and `aes_key` as entered at *接收消息* of the app, `agent_id` its AgentId."""

    company_id: str
    agent_id: str
    app_secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    at: str = WECOM
    max_bytes: int = 2048
    _app_token: AppToken = field(init=False)

    def __post_init__(self) -> None:
        self._app_token = AppToken(self._get_token)

    def read(self, delivery: Delivery) -> Incoming | Handshake | None:
        query = delivery.query
        encrypted = query.get("echostr") or _encrypted(delivery.body)
        self._check(query, encrypted)
        check_time(query.get("timestamp"), delivery.received_at)
        message = self._decrypt(encrypted)
        if query.get("echostr"):
            return Handshake(message.decode("utf-8", "replace"), "text/plain; charset=utf-8")
        said = _fields(message)
        if said.get("MsgType") != "text" or not said.get("MsgId"):
            return None
        if said.get("AgentID", self.agent_id) != self.agent_id:
            raise Forged("it is for another app")
        return Incoming((said["MsgId"],), said.get("Content", ""), said.get("FromUserName", ""))

    def reply(self, to: str, text: str) -> None:
        body = {
            "touser": to,
            "msgtype": "text",
            "agentid": int(self.agent_id),
            "text": {"content": text},
        }
        token = self._app_token()
        try:
            self._send(token, body)
        except NotSent as error:
            if not any(code in str(error) for code in _TOKEN_ENDED):
                raise
            self._app_token.forget(token)
            self._send(self._app_token(), body)

    def _send(self, token: str, body: dict[str, Any]) -> None:
        params = {"access_token": token}
        send("POST", f"{self.at}/cgi-bin/message/send", "errcode", params=params, json=body)

    def _get_token(self) -> tuple[str, float]:
        params = {"corpid": self.company_id, "corpsecret": self.app_secret}
        said = send("GET", f"{self.at}/cgi-bin/gettoken", "errcode", params=params)
        return str(said.get("access_token")), float(said.get("expires_in") or 0)

    def _check(self, query: Any, encrypted: str) -> None:
        parts = sorted((self.token, query.get("timestamp", ""), query.get("nonce", ""), encrypted))
        signed = hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(signed.encode(), query.get("msg_signature", "").encode()):
            raise Forged("its signature is wrong")

    def _decrypt(self, encrypted: str) -> bytes:
        key = from_base64(f"{self.aes_key}=")
        plain = decrypt(key, key[:_RANDOM], from_base64(encrypted), _PADDED_TO)
        start = _RANDOM + _LENGTH
        end = start + int.from_bytes(plain[_RANDOM:start], "big")
        if plain[end:] != self.company_id.encode():
            raise Forged("it is of another company")
        return plain[start:end]


def _encrypted(body: bytes) -> str:
    found = _ENCRYPT.search(body)
    if found is None:
        raise Forged("nothing in it is encrypted")
    return found[1].decode()


def _fields(message: bytes) -> dict[str, str]:
    """Of the decrypted XML, which WeCom has signed; entities are left alone nevertheless."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError:
        raise Forged("what was encrypted is no XML") from None
    return {str(child.tag): child.text or "" for child in root}
