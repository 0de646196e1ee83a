"""DingTalk: messages to a bot of the company.

As documented at open.dingtalk.com (接收消息的消息协议): the header `sign` is the HMAC-SHA256 of the
header `timestamp`, in milliseconds, and the app's secret. It says nothing about the body. So each
timestamp counts once, and an answer only goes to an address of DingTalk's own, whatever the body
names. What an answer looks like is known from other programs as well.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from app.services.channels.messenger import (
    Delivery,
    Forged,
    Handshake,
    Incoming,
    check_time,
    json_object,
    part,
    send,
)

DINGTALK = "https://oapi.dingtalk.com"
_PATH = "/robot/sendBySession"
_GROUP = "2"


@dataclass(slots=True, eq=False)
class DingTalkMessenger:
    """`company_id` is the corp id of the people who may ask."""

    company_id: str
    app_secret: str = field(repr=False)
    at: str = DINGTALK
    max_bytes: int = 18_000

    def read(self, delivery: Delivery) -> Incoming | Handshake | None:
        sent_at = delivery.headers.get("timestamp", "")
        self._check(sent_at, delivery.headers.get("sign", ""))
        check_time(sent_at, delivery.received_at, unit_s=0.001)
        message = json_object(delivery.body)
        if message.get("msgtype") != "text" or not message.get("msgId"):
            return None
        in_group = str(message.get("conversationType")) == _GROUP
        company = message.get("senderCorpId")  # missing in groups with others
        if company != self.company_id and (company is not None or in_group):
            raise Forged("the person is of another company")
        session = self._session(message.get("sessionWebhook"))
        person = message.get("senderStaffId") if in_group else None
        text = _unmentioned(str(part(message, "text", "content") or ""))
        to = json.dumps({"session": session, "person": person})
        return Incoming((str(message["msgId"]), f"at {sent_at}"), text, to)

    def reply(self, to: str, text: str) -> None:
        where = json.loads(to)
        people = [where["person"]] if where["person"] else []
        body = {
            "msgtype": "text",
            "text": {"content": text},
            "at": {"atUserIds": people, "isAtAll": False},
        }
        params = {"session": where["session"]}
        send("POST", f"{self.at}{_PATH}", "errcode", params=params, json=body)

    def _check(self, sent_at: str, sign: str) -> None:
        secret = self.app_secret.encode()
        signed = hmac.digest(secret, f"{sent_at}\n{self.app_secret}".encode(), hashlib.sha256)
        if not hmac.compare_digest(base64.b64encode(signed), sign.encode()):
            raise Forged("its signature is wrong")

    def _session(self, webhook: object) -> str:
        """Of the address to answer to. Raises Forged for one that is not DingTalk's."""
        try:
            found = urlsplit(str(webhook))
        except ValueError:
            raise Forged("its address to answer to is none") from None
        sessions = parse_qs(found.query).get("session", [])
        if f"{found.scheme}://{found.netloc}{found.path}" != f"{self.at}{_PATH}" or not sessions:
            raise Forged("its address to answer to is not DingTalk's")
        return sessions[0]


def _unmentioned(text: str) -> str:
    """Without the names of bots before the question; DingTalk removes its own most of the time."""
    text = text.strip()
    while text.startswith("@"):
        text = text.partition(" ")[2].strip()
    return text
