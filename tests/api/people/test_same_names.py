"""The same thing created twice at the same moment, on a database that lets both begin."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from app.llm.scripted import ScriptedChatModel
from tests.api.people.house import PASSWORD, House
from tests.api.sse import ask
from tests.application import drain, running_api
from tests.passwords import cheap_passwords
from tests.patience import PATIENCE_S
from tests.postgres import fresh_database

AT_ONCE = 8
ROUNDS = 6
KEY = {"scopes": ["read"], "base_ids": None, "password": PASSWORD}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("data")
    with (
        fresh_database(postgres_server, migrated=True) as url,
        running_api(folder, database_url=url, auth="password", passwords=cheap_passwords()) as api,
    ):
        yield House(api)


@pytest.fixture(scope="module")
def boss(house: House) -> httpx.Client:
    return house.person("boss", admin=True)


def at_once(
    boss: httpx.Client, method: str, paths: list[str], body: object
) -> list[httpx.Response]:
    """What each of several gets who send the same at the same moment."""
    start = Barrier(len(paths))
    cookies = dict(boss.cookies)

    def send(path: str) -> httpx.Response:
        with httpx.Client(base_url=boss.base_url, cookies=cookies, trust_env=False) as browser:
            browser.get("/healthz")  # connected
            start.wait()
            return browser.request(method, path, json=body, timeout=PATIENCE_S)

    with ThreadPoolExecutor(len(paths)) as threads:
        return list(threads.map(send, paths))


@pytest.mark.parametrize(
    ("path", "body", "taken"),
    [
        ("/api/bases", {}, "conflict"),
        ("/api/groups", {}, "name_taken"),
        ("/api/people", {}, "name_taken"),
        ("/api/keys", KEY, "name_taken"),
    ],
)
def test_one_gets_the_name_and_the_others_are_told_so(
    boss: httpx.Client, path: str, body: dict[str, object], taken: str
) -> None:
    for number in range(ROUNDS):
        answers = at_once(boss, "POST", [path] * AT_ONCE, {"name": f"same-{number}", **body})
        told = Counter((each.status_code, each.json().get("code")) for each in answers)
        assert told == {(201, None): 1, (409, taken): AT_ONCE - 1}


@pytest.mark.parametrize(
    ("path", "taken"), [("/api/bases", "conflict"), ("/api/groups", "name_taken")]
)
def test_two_things_are_renamed_alike(boss: httpx.Client, path: str, taken: str) -> None:
    made = [boss.post(path, json={"name": f"was-{n}"}).json()["id"] for n in range(AT_ONCE)]
    answers = at_once(boss, "PATCH", [f"{path}/{id_}" for id_ in made], {"name": "alike"})
    told = Counter((each.status_code, each.json().get("code")) for each in answers)
    assert told == {(200, None): 1, (409, taken): AT_ONCE - 1}


def test_what_is_said_twice_is_said_once(house: House, boss: httpx.Client) -> None:
    """Sharing, restricting and joining are no errors when somebody else does the same."""
    base = boss.post("/api/bases", json={"name": "shared"}).json()["id"]
    for number in range(ROUNDS):
        name = f"friend-{number}"
        person = boss.post("/api/people", json={"name": name}).json()["person"]["id"]
        group = boss.post("/api/groups", json={"name": name}).json()["id"]
        grant = {"subject_kind": "person", "subject_id": person, "role": "reader"}
        for path, body in (
            (f"/api/bases/{base}/grants", grant),
            (f"/api/bases/{base}/restrictions", {"path": f"{name}/", "members": []}),
            (f"/api/groups/{group}/members/{person}", None),
        ):
            answers = at_once(boss, "PUT", [path] * AT_ONCE, body)
            told = {(each.status_code, each.text) for each in answers if not each.is_success}
            assert not told, path
    assert len(boss.get(f"/api/bases/{base}/restrictions").json()) == ROUNDS


def test_the_first_rating_comes_twice(house: House, boss: httpx.Client) -> None:
    application = house.api.application
    assert isinstance(application.model, ScriptedChatModel)
    base = boss.post("/api/bases", json={"name": "rated"}).json()["id"]
    files = {"file": ("手册.md", "# 手册\n\n年假为每年十五天。".encode())}
    boss.post(f"/api/bases/{base}/documents", files=files).raise_for_status()
    drain(application)
    for _ in range(ROUNDS):
        application.model.enqueue("年假为每年十五天。")
        message = ask(boss, "年假几天？", base)["start"][0]["answer_id"]
        path = f"/api/messages/{message}/feedback"
        answers = at_once(boss, "PUT", [path] * AT_ONCE, {"rating": "up"})
        assert {each.status_code for each in answers} == {200}
