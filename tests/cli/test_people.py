"""`zhiwen users`, `groups`, `keys`, and a shell that has a key."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.application import running_api
from tests.cli.shell import Shell
from tests.passwords import cheap_passwords

ROOT = Path(__file__).parents[2]


def test_users_from_the_first_to_the_last(zhiwen: Shell) -> None:
    added = zhiwen("users", "add", "Ada", "--admin", "--display-name", "Ada L.")
    assert added.code == 0, added.err
    assert "http://127.0.0.1:8501/welcome?token=" in added.out
    assert "ZHIWEN_AUTH=password" in added.out
    assert zhiwen("users", "add", "bob").code == 0
    assert zhiwen("users", "list").out.splitlines() == [
        "ada (Ada L.): invited, admin, never seen",
        "bob: invited, never seen",
    ]
    assert zhiwen("users", "disable", "bob").out == "bob: disabled\n"
    assert zhiwen("users", "reset", "bob").err.startswith("error: This account is disabled")
    assert zhiwen("users", "enable", "BOB").out == "bob: invited\n"
    assert "welcome?token=" in zhiwen("users", "reset", "bob").out
    assert zhiwen("users", "change", "bob", "--admin").code == 0
    listed = json.loads(zhiwen("users", "list", "--json").out)
    assert [person["admin"] for person in listed] == [True, True]
    assert "password_hash" not in listed[0]
    exported = json.loads(zhiwen("users", "export", "bob").out)
    assert exported["person"]["name"] == "bob"
    assert zhiwen("users", "remove", "bob", "--conversations", "anonymise").out == "removed bob\n"
    refused = zhiwen("users", "disable", "bob")
    assert (refused.code, refused.out) == (1, "")
    assert "There is no person with id 'bob'" in refused.err


def test_groups(zhiwen: Shell) -> None:
    zhiwen("users", "add", "ada")
    zhiwen("groups", "add", "Law")
    assert zhiwen("groups", "join", "Law", "ada").code == 0
    assert zhiwen("groups", "rename", "Law", "Legal").code == 0
    assert zhiwen("groups", "list").out == "Legal: ada\n"
    assert "in Legal" in zhiwen("users", "list").out
    assert zhiwen("groups", "leave", "Legal", "ada").code == 0
    assert json.loads(zhiwen("groups", "list", "--json").out) == {"Legal": []}
    assert zhiwen("groups", "remove", "Legal").code == 0
    assert zhiwen("groups", "list").out == ""


def test_the_shell_uses_a_service_with_a_key(
    zhiwen: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_api(tmp_path / "shell", auth="password", passwords=cheap_passwords()) as api:
        monkeypatch.setenv("ZHIWEN_API_URL", api.url)
        monkeypatch.setenv("ZHIWEN_AUTH", "password")
        added = zhiwen("users", "add", "ada", "--admin")
        link = httpx.URL(added.out.splitlines()[1])
        body = {"token": link.params["token"], "password": "seven green kettles"}
        api.http.post("/api/session/link", json=body).raise_for_status()
        refused = zhiwen("search", "年假", "--kb", "人事")
        assert (refused.code, "ZHIWEN_API_KEY" in refused.err) == (1, True)
        assert zhiwen("keys", "add", "laptop").err == "error: Say whose: --person NAME\n"
        key = zhiwen("keys", "add", "laptop", "--person", "ada", "--scope", "read").out.strip()
        monkeypatch.setenv("ZHIWEN_API_KEY", key)
        found = zhiwen("search", "年假", "--kb", "人事")
        assert "There is no knowledge base named '人事'" in found.err
        listed = zhiwen("keys", "list", "--person", "ada").out
        assert f"laptop (…{key[-4:]}): read" in listed
        assert zhiwen("keys", "revoke", "laptop", "--person", "ada").code == 0
        assert "ZHIWEN_API_KEY" in zhiwen("search", "年假", "--kb", "人事").err


@pytest.mark.parametrize("name", ["API_HOST", "UI_HOST"])
def test_without_a_login_only_this_machine_gets_in(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"ZHIWEN_{name}", "0.0.0.0")  # noqa: S104  # what is tested
    refused = zhiwen("up")
    assert refused.code == 1
    assert refused.err.splitlines()[1:] == [
        "  ZHIWEN_AUTH=password    first: zhiwen users add NAME --admin",
        f"  ZHIWEN_{name}=127.0.0.1",
    ]


def test_agents_of_other_machines_do_not_get_in_without_a_login(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would reach the API as its owner."""
    served: list[str] = []
    monkeypatch.setattr("uvicorn.run", lambda _app, host, **_more: served.append(host))
    others = ("mcp", "--http", "--host", "0.0.0.0")  # noqa: S104  # what is tested
    refused = zhiwen(*others)
    assert (refused.code, served) == (1, [])
    assert refused.err.splitlines() == [
        "error: --host 0.0.0.0 lets other machines in, and nobody has to sign in. Set one of:",
        "  ZHIWEN_AUTH=password    first: zhiwen users add NAME --admin",
        "  --host 127.0.0.1",
    ]
    assert zhiwen("mcp", "--http").code == 0
    monkeypatch.setenv("ZHIWEN_AUTH", "password")
    assert zhiwen(*others).code == 0
    assert served == ["127.0.0.1", "0.0.0.0"]  # noqa: S104


def test_the_api_by_itself_does_not_start_open_either(tmp_path: Path) -> None:
    settings = {"ZHIWEN_API_HOST": "0.0.0.0", "ZHIWEN_DATA_DIR": str(tmp_path)}  # noqa: S104
    ended = subprocess.run(
        [sys.executable, "-m", "app.api"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[1:] == [
        "  ZHIWEN_AUTH=password    first: zhiwen users add NAME --admin",
        "  ZHIWEN_API_HOST=127.0.0.1",
    ]
