"""Bots in messengers: what is signed is answered, once, and nothing else is."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from app.db.engine import Database
from app.llm.scripted import ScriptedChatModel
from app.services.channels.seen import Seen
from tests.api.people.house import PASSWORD, House
from tests.application import drain, running_api
from tests.messengers import (
    PLATFORMS,
    TOKEN,
    VARIABLES,
    Messengers,
    Sent,
    event,
    feishu_signed,
    send,
    wecom_echo,
    wecom_signed,
)
from tests.passwords import cheap_passwords
from tests.patience import PATIENCE_S
from tests.serving import serving

QUESTION, ANSWER = "年假几天？", "年假为每年十五天。[1]"
TO = {"wecom": "zhangsan", "dingtalk": "zhangsan"}


@dataclass(slots=True)
class Company:
    messengers: Messengers
    model: ScriptedChatModel
    house: House

    def answer(self) -> Sent:
        return self.messengers.sent.get(timeout=PATIENCE_S)

    def unanswered(self) -> bool:
        """Nothing more was sent: what was delivered before this has been answered."""
        self.model.enqueue("十五天。")
        id_ = f"ffff{time.time_ns()}"
        self.messengers.deliver("feishu", "再问一次", id=id_)
        sent = self.answer()
        return sent.to == f"om_{id_}" and sent.text.startswith("十五天。")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A service with a bot in each messenger. Its key may ask in one base of two."""
    folder, model, messengers = tmp_path_factory.mktemp("bots"), ScriptedChatModel(), Messengers()
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(messengers.app()) as messengers.url,
    ):
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        patch.setenv("BOT_KEY", "zk_later")
        (folder / "bots.toml").write_text(messengers.file(), "utf-8")
        with running_api(
            folder,
            auth="password",
            passwords=cheap_passwords(),
            model=model,
            bots=folder / "bots.toml",
        ) as api:
            house = House(api)
            messengers.bots = api.url
            owner = house.person("keeper")
            bases = []
            for base, text in (("手册", "年假为每年十五天。"), ("工资", "总监九万元。")):
                base_id = owner.post("/api/bases", json={"name": base}).json()["id"]
                file = {"file": ("员工手册.md", f"# {base}\n\n{text}".encode())}
                owner.post(f"/api/bases/{base_id}/documents", files=file).raise_for_status()
                bases.append(base_id)
            drain(api.application)
            body = {"name": "bot", "scopes": ["ask"], "base_ids": bases[:1], "password": PASSWORD}
            token = owner.post("/api/keys", json=body).json()["token"]
            for bot in api.application.bots.bots.values():
                object.__setattr__(bot, "key", token)  # it exists only now
            yield Company(messengers, model, house)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_question_is_acknowledged_and_answered_with_its_sources(
    company: Company, platform: str
) -> None:
    company.model.enqueue(ANSWER)
    response = company.messengers.deliver(platform, QUESTION, id="a1")
    assert (response.status_code, response.content) == (200, b"")
    sent = company.answer()
    assert sent.platform == platform
    assert sent.to == TO.get(platform, "om_a1")
    assert sent.text == f"{ANSWER}\n\n出处：\n[1] 员工手册.md：年假为每年十五天。"
    asked = company.model.history[-1][-1].content
    assert QUESTION in asked and "@_user_1" not in asked


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_message_that_is_delivered_again_is_answered_once(
    company: Company, platform: str
) -> None:
    company.model.enqueue(ANSWER)
    again = event(company.messengers, platform, QUESTION)
    for _ in range(3):
        assert send(company.messengers.bots, again).status_code == 200
    assert company.answer().platform == platform
    assert company.unanswered()


def test_the_same_message_in_another_event_is_answered_once(company: Company) -> None:
    company.model.enqueue(ANSWER)
    for number in range(2):
        company.messengers.deliver("feishu", QUESTION, id="b1", event_id=f"e{number}")
    company.answer()
    assert company.unanswered()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("apart_s", [-900, 900])
def test_what_was_sent_long_ago_or_in_the_future_is_refused(
    company: Company, platform: str, apart_s: int
) -> None:
    response = company.messengers.deliver(platform, QUESTION, at=time.time() + apart_s)
    assert (response.status_code, response.json()["code"]) == (403, "bad_signature")


# DingTalk's signature says nothing about the body; see the next tests.
FORGED = [(p, f) for p in PLATFORMS for f in ("signature", "time", "body", "none")]
FORGED.remove(("dingtalk", "body"))


@pytest.mark.parametrize(("platform", "forged"), FORGED)
def test_what_is_not_signed_is_refused(company: Company, platform: str, forged: str) -> None:
    sent, before = event(company.messengers, platform, QUESTION), len(company.model.history)
    signatures = ("msg_signature", "X-Lark-Signature", "sign")
    times = ("timestamp", "X-Lark-Request-Timestamp")
    for values in (sent.query, sent.headers):
        for name in list(values):
            if forged == "signature" and name in signatures:
                values[name] = ("0" if values[name][0] != "0" else "1") + values[name][1:]
            elif forged == "time" and name in times:
                values[name] = str(int(values[name]) + 1)
            elif forged == "none" and name in signatures:
                del values[name]
    if forged == "body":
        at = b"CDATA[" if platform == "wecom" else b'"encrypt": "'
        start = sent.body.rindex(b"Encrypt><![CDATA[") if platform == "wecom" else 0
        index = sent.body.index(at, start) + len(at)
        letter = b"A" if sent.body[index : index + 1] != b"A" else b"B"
        sent.body = sent.body[:index] + letter + sent.body[index + 1 :]
    response = send(company.messengers.bots, sent)
    assert (response.status_code, response.json()["code"]) == (403, "bad_signature")
    assert len(company.model.history) == before


def test_a_sign_of_dingtalk_is_good_for_one_message(company: Company) -> None:
    """It covers the time alone: who saw one could write whatever they like."""
    company.model.enqueue(ANSWER)
    now = time.time()
    company.messengers.deliver("dingtalk", QUESTION, at=now)
    company.answer()
    assert company.messengers.deliver("dingtalk", "工资多少？", at=now).status_code == 200
    assert company.unanswered()


@pytest.mark.parametrize(
    "webhook",
    [
        "http://127.0.0.1:9/robot/sendBySession?session=x",
        "{url}@evil.example/robot/sendBySession?session=x",
        "{url}/elsewhere?session=x",
        "{url}.evil.example/robot/sendBySession?session=x",
        "file:///etc/passwd",
        "http://[",
        "",
    ],
)
def test_an_answer_goes_to_no_address_but_the_messengers(company: Company, webhook: str) -> None:
    address = webhook.replace("{url}", company.messengers.url)
    response = company.messengers.deliver("dingtalk", QUESTION, webhook=address)
    assert response.json()["code"] == "bad_signature"


@pytest.mark.parametrize("platform", ["wecom", "feishu", "dingtalk"])
def test_people_of_other_companies_get_no_answer(company: Company, platform: str) -> None:
    response = company.messengers.deliver(platform, QUESTION, company="another")
    assert response.json()["code"] == "bad_signature"


def test_the_check_of_an_address_is_answered(company: Company) -> None:
    now, bots = time.time(), company.messengers.bots
    echo = send(bots, wecom_echo("1616140317555161061", now))
    assert (echo.status_code, echo.text) == (200, "1616140317555161061")
    check = {"type": "url_verification", "token": TOKEN, "challenge": "ajls384kdjx98XX"}
    challenge = send(bots, feishu_signed(check, now))
    assert challenge.json() == {"challenge": "ajls384kdjx98XX"}
    wrong = send(bots, feishu_signed({**check, "token": "another"}, now))
    assert wrong.status_code == 403


@pytest.mark.parametrize(
    "changes",
    [{"event_type": "im.chat.updated_v1"}, {"sender_type": "app"}],
)
def test_other_events_are_acknowledged_and_left_alone(
    company: Company, changes: dict[str, str]
) -> None:
    assert company.messengers.deliver("feishu", QUESTION, **changes).status_code == 200
    assert company.unanswered()


def test_tags_in_an_answer_mention_nobody_and_link_nowhere(company: Company) -> None:
    for platform in ("wecom", "feishu"):
        company.model.enqueue('<at user_id="all"></at><a href="https://evil.example">1</a> 3<5')
        company.messengers.deliver(platform, QUESTION)
        assert "<a" not in (text := company.answer().text)
        assert "3<5" in text


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_link_in_an_answer_is_words(company: Company, platform: str) -> None:
    """Feishu makes links of `[words](address)`: the address would be behind words of its own."""
    company.model.enqueue(
        "见[人事系统](https://evil.example/?q=secret)。![x](https://evil.example)"
    )
    company.messengers.deliver(platform, QUESTION)
    text = company.answer().text
    assert "](" not in text
    assert "人事系统" in text and "https://evil.example/?q=secret" in text


def test_what_links_are_made_into_counts_for_the_length(company: Company) -> None:
    """The fake takes messages of 2,048 bytes only, as WeCom does."""
    company.model.enqueue("<a" * 1000)
    company.messengers.deliver("wecom", QUESTION)
    texts = [company.answer().text]
    while sum(map(len, texts)) < 2000:
        texts.append(company.answer().text)
    assert "".join(texts).startswith("＜a" * 1000)


def test_a_long_answer_comes_in_parts(company: Company) -> None:
    """The fake takes messages of 2,048 bytes only, as WeCom does."""
    whole = "\n".join(f"第{number}条：年假为每年十五天。" for number in range(100))
    company.model.enqueue(whole)
    company.messengers.deliver("wecom", QUESTION)
    texts = [company.answer().text]
    while sum(map(len, texts)) < len(whole) - len(texts):
        texts.append(company.answer().text)
    assert len(texts) >= 2
    assert "\n".join(texts).startswith(whole)


def test_what_goes_wrong_is_said_in_the_language_of_the_question(company: Company) -> None:
    company.messengers.deliver("wecom", "How many days of leave?")  # no answer is queued
    assert company.answer().text == "That did not work. Please try again later."
    company.messengers.deliver("wecom", "年假" * 4000)
    assert company.answer().text == "问题太长，请缩短后再试。"


@contextmanager
def locked(company: Company) -> Iterator[sqlite3.Connection]:
    """Another process writes, for as long as it has not committed; the bots give up soon."""
    application = company.house.api.application
    path = application.settings.sql_url.removeprefix("sqlite:///")
    before = application.bots.seen
    impatient = Database(application.settings.sql_url, busy_timeout_s=0.01)
    application.bots.seen = Seen(impatient)
    with closing(sqlite3.connect(path, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        yield another
    application.bots.seen = before
    impatient.dispose()


def test_a_database_that_is_busy_for_a_moment_is_asked_again(company: Company) -> None:
    company.model.enqueue(ANSWER)
    with locked(company) as another:
        company.messengers.deliver("wecom", QUESTION)
        time.sleep(0.2)
        another.execute("COMMIT")
        assert company.answer().text.startswith(ANSWER)


def test_where_the_database_stays_busy_the_person_hears_of_it(company: Company) -> None:
    with locked(company):
        company.messengers.deliver("wecom", QUESTION)
        assert company.answer().text == "提问的人太多，请稍后再试。"
    assert company.unanswered()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 100_000, b"<xml/>", b"\xff\x00"])
def test_what_is_no_event_is_refused(company: Company, platform: str, body: bytes) -> None:
    sent = event(company.messengers, platform, QUESTION)
    sent.body = body
    response = send(company.messengers.bots, sent)
    unsigned_body = platform == "dingtalk" and body == b"{}"  # signed, and nothing in it
    assert response.status_code == (200 if unsigned_body else 403)


def test_what_is_too_large_is_refused_before_it_is_read(company: Company) -> None:
    sent = event(company.messengers, "feishu", QUESTION)
    sent.body = b"x" * 300_000
    assert send(company.messengers.bots, sent).status_code == 413


def test_a_bot_that_there_is_not_is_not_found(company: Company) -> None:
    sent = event(company.messengers, "feishu", QUESTION)
    sent.path = "/api/bots/another"
    assert send(company.messengers.bots, sent).status_code == 404


def test_a_revoked_key_stops_the_bot_at_once(company: Company) -> None:
    owner = company.house.browser()
    owner.post("/api/session", json={"name": "keeper", "password": PASSWORD}).raise_for_status()
    bots = company.house.api.application.bots.bots
    body = {"name": "brief", "scopes": ["ask"], "base_ids": None, "password": PASSWORD}
    made = owner.post("/api/keys", json=body).json()
    before = bots["wecom"].key
    object.__setattr__(bots["wecom"], "key", made["token"])
    owner.delete(f"/api/keys/{made['id']}").raise_for_status()
    company.messengers.deliver("wecom", QUESTION)
    assert company.answer().text == "出错了，请稍后再试。"
    object.__setattr__(bots["wecom"], "key", before)


def test_the_token_of_an_app_is_kept(company: Company) -> None:
    given = company.messengers.tokens_given
    for _ in range(2):
        company.model.enqueue(ANSWER)
        company.messengers.deliver("wecom", QUESTION)
        company.answer()
    assert company.messengers.tokens_given <= given + 1


def test_dtd_and_entities_of_signed_xml_are_not_followed(company: Company) -> None:
    plain = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><xml><MsgType>text</MsgType>\
<MsgId>77</MsgId><Content>&e;</Content></xml>'
    assert send(company.messengers.bots, wecom_signed(plain, time.time())).status_code == 200
    assert company.unanswered()
