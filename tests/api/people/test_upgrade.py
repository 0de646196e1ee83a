"""From an installation without accounts to one with a login; `docs/people.md` tells how.

`before_accounts.tar.gz` is a data folder as it was before there were people: one base with two
documents, and a conversation.
"""

import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.api.people.house import PASSWORD, House, who
from tests.application import running_api
from tests.passwords import cheap_passwords

BASE, FILES = "规章制度", {"差旅.md", "假期.md"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with tarfile.open(Path(__file__).with_name("before_accounts.tar.gz")) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


def upgrade(data: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What a command of the shell says, which brings the database up to date first."""
    for name, value in {"DATA_DIR": str(data), "EMBEDDER": "hashing"}.items():
        monkeypatch.setenv(f"ZHIWEN_{name}", value)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def kept(browser: object) -> tuple[set[str], set[str], list[str]]:
    """Bases, documents and conversations that somebody sees."""
    get = browser.get  # type: ignore[attr-defined]  # a client
    bases = get("/api/bases").json()
    documents = {
        row["name"]
        for base in bases
        for row in get(f"/api/bases/{base['id']}/documents").json()["items"]
    }
    titles = [row["title"] for row in get("/api/conversations").json()["items"]]
    return {base["name"] for base in bases}, documents, titles


def test_without_a_login_everything_stays(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(data, monkeypatch, "users", "list")
    with running_api(data) as api:
        assert kept(api.http) == ({BASE}, FILES, ["年假几天？"])
        base_id = api.http.get("/api/bases").json()[0]["id"]
        body = {"query": "年假为每年十五天", "base_ids": [base_id]}
        found = api.http.post("/api/search", json=body).json()
        assert "十五天" in str(found)


def test_the_first_administrator_gets_everything(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = upgrade(data, monkeypatch, "users", "add", "ada", "--admin")
    token = said.partition("token=")[2].split()[0]
    with running_api(data, auth="password", passwords=cheap_passwords()) as api:
        house = House(api)
        ada = house.browser()
        ada.post("/api/session/link", json={"token": token, "password": PASSWORD})
        assert who(ada)["admin"] is True
        assert kept(ada) == ({BASE}, FILES, ["年假几天？"])
        assert ada.get("/api/bases").json()[0]["role"] == "owner"
        assert kept(house.person("bob")) == (set(), set(), [])
