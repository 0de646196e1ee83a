"""The seam of a messenger: what it delivers, and how an answer goes back.

ChannelError
├── Forged    the request is not the messenger's, or not of now
└── NotSent   the messenger did not take an answer
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.services.people.sign_in.providers.company import call, refusal
from app.services.people.sign_in.providers.provider import ProviderDown

# How far the time of a request may be from ours: clocks differ, and messengers try again.
WINDOW_S = 600.0
_AES_BLOCK = 16
_TAG = re.compile(r"<(?=[/!?a-zA-Z])")
_LINK = re.compile(r"\]\(")


class ChannelError(Exception):
    """Base of the errors of messengers. The message is for the log."""


class Forged(ChannelError):
    """The request is not the messenger's, or not of now."""


class NotSent(ChannelError):
    """The messenger did not take an answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request of the messenger. Names of `headers` in lower case; `received_at` in seconds since
    1970."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody's message to the bot. Where one of `ids` was seen before, it is the same one again.
    What `reply_to` means, only the messenger knows."""

    ids: tuple[str, ...]
    text: str
    reply_to: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the messenger wants to hear at once when a bot's address is entered there."""

    body: str
    media_type: str


class Messenger(Protocol):
    """Thread-safe; `reply` blocks. `max_bytes`: of a message, in UTF-8.

    One that is delivered and answered:

        incoming = messenger.read(delivery)
        if isinstance(incoming, Incoming):
            messenger.reply(incoming.reply_to, "Fifteen days. [1]")
    """

    @property
    def max_bytes(self) -> int: ...

    def read(self, delivery: Delivery) -> Incoming | Handshake | None:
        """What was delivered; None for what needs no answer. Raises Forged."""
        ...

    def reply(self, to: str, text: str) -> None:
        """Sends an answer, which went through `as_words`. Raises NotSent."""
        ...


def check_time(sent_at: object, now: float, unit_s: float = 1.0) -> None:
    """Raises Forged for a time, in units of `unit_s`, too far from `now`."""
    try:
        apart_s = abs(float(str(sent_at)) * unit_s - now)
    except ValueError:
        raise Forged("it has no time") from None
    if not apart_s <= WINDOW_S:
        raise Forged(f"it was sent {apart_s:.0f} s from now")


def json_object(body: bytes) -> dict[str, Any]:
    """Raises Forged for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Forged("it is no JSON") from None
    if not isinstance(found, dict):
        raise Forged("it is no JSON object")
    return found


def part(found: object, *names: str) -> Any:
    """What stands at that place of nested objects; None where nothing does."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def decrypt(key: bytes, iv: bytes, data: bytes, block: int = _AES_BLOCK) -> bytes:
    """AES-256-CBC with the padding of PKCS#7 to multiples of `block` bytes. Raises Forged."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not data or len(data) % _AES_BLOCK:
        raise Forged("what is encrypted has no whole blocks")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= block or plain[-padding:] != bytes([padding]) * padding:
        raise Forged("it was encrypted with another key")
    return plain[:-padding]


def from_base64(text: object) -> bytes:
    """Raises Forged."""
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise Forged("it is not base64") from None


def as_words(text: str) -> str:
    """Messengers read links and mentions of everyone from tags in a text, and Feishu links from
    Markdown: here they stay words. It makes the text longer, and comes before it is cut."""
    return _LINK.sub("]（", _TAG.sub("＜", text))


def send(method: str, url: str, ok: str, **request: Any) -> dict[str, Any]:
    """What the messenger's API says, where its field `ok` is 0. Raises NotSent, without the
    parameters, which hold secrets."""
    try:
        said = call(method, url, **request)
    except ProviderDown as error:
        raise NotSent(str(error)) from None
    if said.get(ok) != 0:
        raise NotSent(refusal(url, said.get(ok), said.get("errmsg") or said.get("msg")))
    return said
