"""Usage of bases and knowledge gaps: what is counted, and who reads which words."""

from typing import Any

import httpx
import pytest

from app.llm.scripted import ScriptedChatModel
from app.rag.retrieval.gate import Answerable
from tests.api.people.house import House
from tests.api.sse import events
from tests.application import drain

LEAVE = "# 手册\n\n年假为每年十五天。\n"
ANSWERED, UNANSWERED = "年假几天？", "Where does the ferry to Gotland leave?"
PEOPLE = ("ada", "ed", "bob", "cy", "boss")
SECRET = "How much does the ferry to Gotland cost for my sick brother Erik?"


class Firm:
    """A base of `ada`, edited by `ed`, read by `bob` and `cy`; `boss` keeps the accounts."""

    def __init__(self, house: House) -> None:
        self.house = house
        scoring = house.api.application.calibrator.scoring
        scoring.answerable = Answerable({"en": 5.0})  # nothing is found to English questions
        self.people = {n: house.person(n, admin=n == "boss") for n in PEOPLE}
        self.base_id = self.base("ada", "人事")
        for name, role in (("ed", "editor"), ("bob", "reader"), ("cy", "reader")):
            self.share(self.base_id, name, role)

    def base(self, owner: str, name: str) -> str:
        browser = self.people[owner]
        base_id = str(browser.post("/api/bases", json={"name": name}).json()["id"])
        files = {"file": ("手册.md", LEAVE.encode())}
        browser.post(f"/api/bases/{base_id}/documents", files=files).raise_for_status()
        drain(self.house.api.application)
        return base_id

    def share(self, base_id: str, name: str, role: str) -> None:
        body = {"subject_kind": "person", "subject_id": self.house.person_id(name), "role": role}
        self.people["ada"].put(f"/api/bases/{base_id}/grants", json=body).raise_for_status()

    def ask(self, name: str, question: str, *base_ids: str) -> Any:
        model = self.house.api.application.model
        assert isinstance(model, ScriptedChatModel)
        model.enqueue("年假为每年十五天。")
        body = {"question": question, "base_ids": list(base_ids or [self.base_id])}
        found = dict(events(self.people[name], "POST", "/api/chat", json=body))
        return found["done"]["message"]

    def gaps(self, name: str, **params: str) -> Any:
        return got(self.people[name], "/api/insight/gaps", **params)

    def figures(self, name: str, **params: str) -> Any:
        return got(self.people[name], "/api/insight/figures", **params)


def got(browser: httpx.Client, path: str, **params: str) -> Any:
    answer = browser.get(path, params=params)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture
def firm(house: House) -> Firm:
    return Firm(house)


def rate(firm: Firm, name: str, message: Any, rating: str = "down") -> None:
    path = f"/api/messages/{message['id']}/feedback"
    firm.people[name].put(path, json={"rating": rating}).raise_for_status()


def test_figures_count_questions_by_day_and_base_and_name_what_was_cited(firm: Firm) -> None:
    rate(firm, "bob", firm.ask("bob", ANSWERED), "up")
    rate(firm, "cy", firm.ask("cy", UNANSWERED))
    firm.ask("bob", "你好")  # asks no document
    counts = {"asked": 2, "not_found": 1, "failed": 0, "up": 1, "down": 1}
    found = firm.figures("ed", days="7", zone="Asia/Shanghai")
    assert found["total"] == counts
    assert len(found["days"]) == 7
    assert found["days"][-1].items() >= counts.items()
    (base,) = found["bases"]
    assert (base["name"], base["counts"]) == ("人事", counts)
    assert base["last_asked_at"] is not None
    assert [(d["name"], d["answers"]) for d in found["documents"]] == [("手册.md", 1)]


def test_a_regenerated_answer_is_no_second_question(firm: Firm) -> None:
    message = firm.ask("bob", ANSWERED)
    application = firm.house.api.application
    assert isinstance(application.model, ScriptedChatModel)
    application.model.enqueue("年假为每年十五天。")
    body = {"regenerate": message["id"]}
    again = dict(events(firm.people["bob"], "POST", "/api/chat", json=body))
    assert again["done"]["message"]["id"] != message["id"]
    assert firm.figures("ada")["total"]["asked"] == 1


def test_a_new_version_of_a_cited_document_takes_over_its_count(firm: Firm) -> None:
    firm.ask("bob", ANSWERED)
    files = {"file": ("手册.md", f"{LEAVE}\n病假十天。\n".encode())}
    firm.people["ada"].post(f"/api/bases/{firm.base_id}/documents", files=files).raise_for_status()
    drain(firm.house.api.application)
    firm.ask("cy", f"{ANSWERED} 谢谢")
    assert [d["answers"] for d in firm.figures("ada")["documents"]] == [2]


def test_readers_see_no_figures_and_administrators_only_sums(firm: Firm) -> None:
    firm.ask("bob", ANSWERED)
    reader = firm.figures("bob")
    assert (reader["total"]["asked"], reader["bases"], reader["documents"]) == (0, [], [])
    refused = firm.people["bob"].get("/api/insight/gaps", params={"base_id": firm.base_id})
    assert refused.status_code == 403
    boss = firm.figures("boss")
    assert (boss["whole"], boss["total"]["asked"]) == (True, 1)
    assert (boss["bases"], boss["documents"]) == ([], [])
    other = firm.people["boss"].get("/api/insight/figures", params={"base_id": firm.base_id})
    assert other.status_code == 404


def test_a_gap_shows_its_words_once_two_people_asked(firm: Firm) -> None:
    firm.ask("bob", UNANSWERED)
    firm.ask("bob", UNANSWERED)
    assert firm.gaps("ed") == {"gaps": [], "not_shown": 1}
    firm.ask("cy", f"{UNANSWERED.upper()} ")
    (gap,) = firm.gaps("ed")["gaps"]
    assert (gap["times"], gap["people"], gap["base_ids"]) == (3, 2, [firm.base_id])
    assert gap["question"].casefold() == UNANSWERED.casefold()
    assert firm.gaps("boss") == {"gaps": [], "not_shown": 0}


def test_a_gap_shows_what_was_rated_and_what_the_reader_asked(firm: Firm) -> None:
    message = firm.ask("bob", SECRET)
    firm.ask("ed", UNANSWERED)
    assert [g["question"] for g in firm.gaps("ed")["gaps"]] == [UNANSWERED]
    assert firm.gaps("ada") == {"gaps": [], "not_shown": 2}
    rate(firm, "bob", message)
    assert [g["question"] for g in firm.gaps("ada")["gaps"]] == [SECRET]


def test_asking_the_same_shows_an_editor_nobody_elses_words(firm: Firm) -> None:
    """Or else whoever guesses a question reads how the other one put it."""
    firm.ask("bob", UNANSWERED)
    own = f"{UNANSWERED.upper()}??"  # longer, so bob's would be shown
    firm.ask("ed", own)
    (gap,) = firm.gaps("ed")["gaps"]
    assert (gap["question"], gap["people"]) == (own, 2)
    assert firm.gaps("ada")["gaps"][0]["question"] == UNANSWERED, "two others asked her base"
    firm.ask("cy", UNANSWERED)
    assert firm.gaps("ed")["gaps"][0]["question"] == UNANSWERED


def test_editors_of_one_of_two_asked_bases_see_nothing(firm: Firm) -> None:
    other = firm.base("ada", "财务")
    for name in ("bob", "cy"):
        firm.share(other, name, "reader")
        firm.ask(name, UNANSWERED, firm.base_id, other)
    assert firm.gaps("ed") == {"gaps": [], "not_shown": 0}
    assert len(firm.gaps("ada", base_id=other)["gaps"]) == 1


def test_a_settled_gap_comes_back_when_somebody_asks_again(firm: Firm) -> None:
    for name in ("bob", "cy"):
        firm.ask(name, UNANSWERED)
    (gap,) = firm.gaps("ed")["gaps"]
    path = f"/api/insight/gaps/{gap['id']}/settle"
    assert firm.people["bob"].post(path).status_code == 404
    firm.people["ed"].post(path).raise_for_status()
    assert firm.gaps("ed") == {"gaps": [], "not_shown": 0}
    for name in ("bob", "cy"):
        firm.ask(name, UNANSWERED)
    assert [g["times"] for g in firm.gaps("ed")["gaps"]] == [2]


def test_an_approved_answer_marks_the_gap(firm: Firm) -> None:
    for name in ("bob", "cy"):
        firm.ask(name, UNANSWERED)
    body = {"question": UNANSWERED, "answer": "From Nynäshamn.", "base_ids": [firm.base_id]}
    firm.people["ed"].post("/api/approved", json=body).raise_for_status()
    assert [g["answered"] for g in firm.gaps("ed")["gaps"]] == [True]


def test_a_deleted_conversation_leaves_nothing(firm: Firm) -> None:
    message = firm.ask("bob", UNANSWERED)
    assert firm.figures("ed")["total"]["asked"] == 1
    conversation = message["conversation_id"]
    firm.people["bob"].delete(f"/api/conversations/{conversation}").raise_for_status()
    assert firm.figures("ed")["total"]["asked"] == 0
    assert firm.gaps("ed") == {"gaps": [], "not_shown": 0}


def test_a_time_zone_that_is_none_is_refused(firm: Firm) -> None:
    answer = firm.people["ed"].get("/api/insight/figures", params={"zone": "../etc/passwd"})
    assert (answer.status_code, answer.json()["code"]) == (422, "time_zone")
