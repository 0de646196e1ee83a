"""What the shell says when something is not as it should be; and how quickly it can speak."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import col, update

from app.cli.improving.export import Format
from app.db.tables import StoredDocument
from app.tuning import FORMATS
from tests.application import RunningApi
from tests.cli.shell import Shell

HEAVY = ("torch", "faiss", "sqlalchemy", "fastapi", "httpx", "pydantic", "numpy", "transformers")


@pytest.mark.parametrize(
    "command",
    [("ask", "年假？"), ("search", "年假"), ("export",)],
)
def test_without_a_service_every_command_says_how_to_start_it(
    zhiwen: Shell, command: tuple[str, ...]
) -> None:
    ran = zhiwen(*command)
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err == "error: Zhiwen is not running at http://127.0.0.1:9. Start it with: zhiwen up\n"
    )


def test_ingest_without_a_service(zhiwen: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    ran = zhiwen("ingest", tmp_path / "a.txt", "--kb", "公司")
    assert ran.code == 1
    assert "zhiwen up" in ran.err


def test_another_server_behind_the_address(zhiwen: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.applications import Starlette

    from tests.serving import serving

    with serving(Starlette()) as url:
        monkeypatch.setenv("ZHIWEN_API_URL", url)
        ran = zhiwen("search", "年假")
    assert ran.code == 1
    assert ran.err.startswith(f"error: {url}/api/bases returned HTTP 404")


@pytest.mark.parametrize("command", [("up",), ("doctor",), ("ask", "年假？"), ("models", "list")])
def test_a_wrong_setting_is_named_with_what_was_given(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ZHIWEN_API_PORT", "abc")
    ran = zhiwen(*command)
    assert ran.code == 1
    assert ran.err.startswith("error: invalid settings:\n  ZHIWEN_API_PORT=abc: ")
    assert "Traceback" not in ran.err


def test_an_unknown_name_in_the_file_is_named(zhiwen: Shell) -> None:
    Path(".env").write_text("ZHIWEN_TOPK=3\nZHIWEN_TOP_K=99\n")
    ran = zhiwen("doctor")
    assert ran.code == 1
    lines = ran.err.splitlines()
    assert "  ZHIWEN_TOPK in .env: unknown setting" in lines
    assert any(line.startswith("  ZHIWEN_TOP_K=99: ") for line in lines)


def test_settings_that_contradict_each_other(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIWEN_PROFILE", "gpu")
    assert zhiwen("doctor").err.splitlines()[1:] == [
        "  profile gpu needs ZHIWEN_ENGINE_URL, e.g. http://127.0.0.1:8100/v1"
    ]


def test_secrets_are_not_repeated(zhiwen: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIWEN_ENGINE_API_KEY", "sk-very-secret")
    monkeypatch.setenv("ZHIWEN_PROFILE", "gpu")
    monkeypatch.setenv("ZHIWEN_DATABASE_URL", "postgresql://me:hunter2@db/zhiwen")
    said = zhiwen("doctor").err
    assert "sk-very-secret" not in said
    assert "hunter2" not in said


def test_two_servers_on_one_port(zhiwen: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIWEN_API_PORT", "8765")
    monkeypatch.setenv("ZHIWEN_UI_PORT", "8765")
    ran = zhiwen("up")
    assert ran.code == 1
    assert "API and interface are both configured for port 8765" in ran.err


def test_doctor_without_a_service_looks_itself(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIWEN_EMBEDDER", "multilingual-e5-small")
    ran = zhiwen("doctor")
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("down  api        Zhiwen is not running")
    assert any(line.startswith("down  embedder") and "models pull" in line for line in lines)
    assert any(line.startswith("ok    disk") and "GB free" in line for line in lines)
    assert any(line.startswith("ok    database   not created yet") for line in lines)
    components = json.loads(zhiwen("doctor", "--json").out)["components"]
    assert [c["name"] for c in components] == ["api", "embedder", "engine", "disk", "database"]
    assert not Path("shell").exists()  # looking changes nothing


def test_doctor_with_a_service(served: Shell, api: RunningApi) -> None:
    ran = served("doctor")
    assert ran.code == 1  # no worker runs
    assert "ok    database   sqlite" in ran.out
    assert "down  worker     No worker is running" in ran.out
    assert json.loads(served("doctor", "--json").out)["queued_jobs"] == 0


def test_doctor_counts_what_an_earlier_release_read(served: Shell, api: RunningApi) -> None:
    api.ingest("库", {"a.md": "年假十天。", "b.md": "病假五天。"})
    assert "of an earlier release" not in served("doctor").out
    with api.application.db.write() as session:
        session.exec(update(StoredDocument).values(recipe=0))
        session.exec(
            update(StoredDocument).where(col(StoredDocument.name) == "a.md").values(recipe_tried=0)
        )
    said = served("doctor").out
    assert "reading    of an earlier release: 1 waiting, 1 failed; the reading reports" in said


def test_unknown_models_are_answered_with_those_there_are(zhiwen: Shell) -> None:
    ran = zhiwen("models", "pull", "gpt-9")
    assert ran.code == 1
    assert ran.err.startswith("error: unknown model 'gpt-9'; known models: ")


def test_a_model_is_used_only_where_the_engine_runs_it(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = zhiwen("models", "use", "multilingual-e5-small")
    assert ran.code == 1 and "is not a chat model that the embedded engine runs" in ran.err
    assert "unknown model" in zhiwen("models", "use", "gpt-9").err
    monkeypatch.setenv("ZHIWEN_CHAT_MODEL", "qwen3-4b-gguf")
    ran = zhiwen("models", "use", "qwen2.5-coder-1.5b-instruct")
    assert ran.code == 1 and "ZHIWEN_CHAT_MODEL=qwen3-4b-gguf overrides this choice" in ran.err
    assert not Path("shell").exists()


def test_models_are_listed(zhiwen: Shell) -> None:
    listed = json.loads(zhiwen("models", "list", "--json").out)
    assert {"embedder", "chat"} <= {row["role"] for row in listed}
    listing = zhiwen("models", "list").out
    assert all(f"  {row['name']}  " in listing for row in listed)


def test_help_needs_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['zhiwen', '--help']\n"
        "from app.cli.main import main\n"
        "try: main()\n"
        f"except SystemExit: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ingest" in ran.stdout
    assert ran.stderr.strip() == "[]"


def test_the_shell_offers_every_format_of_an_export() -> None:
    assert [format.value for format in Format] == list(FORMATS)
