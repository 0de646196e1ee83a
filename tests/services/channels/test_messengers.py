"""What the messengers' own documentation gives as examples is read as it says there."""

import base64
import hashlib
import hmac
import re

import pytest

from app.llm.messages import TokenCounts
from app.rag.types import Answer, Citation
from app.services.channels.bots import in_parts, with_sources
from app.services.channels.dingtalk import DingTalkMessenger
from app.services.channels.messenger import (
    Delivery,
    Forged,
    Handshake,
    Incoming,
    as_words,
    decrypt,
)
from app.services.channels.wecom import WeComMessenger

WECOM = WeComMessenger(
    "wx5823bf96d3bd56c7",
    "218",
    "secret",
    "QDG6eK",
    "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
)
# developer.work.weixin.qq.com, path 90968
MESSAGE = (
    b"<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA["
    b"RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj"
    b"911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06"
    b"DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQ"
    b"H03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo"
    b"6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+q"
    b"N+E7Q==]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"
)


def test_a_message_of_wecoms_documentation() -> None:
    query = {
        "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
        "timestamp": "1409659813",
        "nonce": "1372623149",
    }
    found = WECOM.read(Delivery({}, query, MESSAGE, 1409659820.0))
    assert found == Incoming(("4561255354251345929",), "hello", "mycreate")


def test_the_check_of_an_address_of_wecoms_documentation() -> None:
    query = {
        "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        "timestamp": "1409659589",
        "nonce": "263014780",
        "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+F"
        "ZXvnaqQ==",
    }
    found = WECOM.read(Delivery({}, query, b"", 1409659589.0))
    assert isinstance(found, Handshake)
    assert found.body.isdecimal()


def test_what_is_encrypted_in_feishus_documentation() -> None:
    data = base64.b64decode("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=")
    key = hashlib.sha256(b"test key").digest()
    assert decrypt(key, data[:16], data[16:]) == b"hello world"
    with pytest.raises(Forged):
        decrypt(hashlib.sha256(b"another key").digest(), data[:16], data[16:])


@pytest.mark.parametrize("time", ["", "x", "nan", "inf", "-inf", "1e400", "1577262236757"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    bot = DingTalkMessenger("ding", "secret")
    signed = base64.b64encode(hmac.digest(b"secret", f"{time}\nsecret".encode(), "sha256")).decode()
    with pytest.raises(Forged):
        bot.read(Delivery({"timestamp": time, "sign": signed}, {}, b"{}", 1_600_000_000.0))


@pytest.mark.parametrize(
    "text", ["年假十五天。\n" * 300, "年" * 3000, "a" * 2048, "短", "🙂" * 900]
)
def test_parts_fit_and_lose_nothing(text: str) -> None:
    parts = in_parts(text, 2048)
    assert all(len(part.encode()) <= 2048 for part in parts)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")


@pytest.mark.parametrize("before", range(8))
def test_no_cut_makes_a_link_again(before: int) -> None:
    text = as_words("x" * before + "[a](b)<a>![](c)[d]( <at" * 40)
    parts = in_parts(text, 64)
    assert len(parts) == 5
    for each in (text, *parts):
        assert not re.search(r"\]\(|<\w", each)
        assert as_words(each) == each


def test_what_is_too_long_for_all_parts_ends_with_an_ellipsis() -> None:
    parts = in_parts("年" * 9000, 2048)
    assert len(parts) == 5
    assert parts[-1].endswith("年…")
    assert all(len(part.encode()) <= 2048 for part in parts)


def test_sources_are_numbered_with_page_and_words() -> None:
    def cited(marker: int, name: str, page: int | None, words: str) -> Citation:
        return Citation(marker, 1, "d", name, page, 0, 1, words)

    sources = (
        cited(2, "b.pdf", 3, "ten  days"),
        cited(1, "a.md", None, "x" * 300),
        cited(1, "a.md", None, "once more"),
    )
    answer = Answer("Ten. [2][1]", sources, (), "m", "stop", TokenCounts())
    assert with_sources(answer, "en") == (
        f"Ten. [2][1]\n\nSources:\n[1] a.md: {'x' * 119}…\n[2] b.pdf (p. 3): ten days"
    )
    none = Answer("Nothing.", (), (), "m", "no_sources", TokenCounts())
    assert with_sources(none, "zh") == "Nothing."
