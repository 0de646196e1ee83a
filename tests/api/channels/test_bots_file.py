"""The file that describes bots: what is wrong with it is named when the service starts."""

from pathlib import Path

import httpx
import pytest

from app.llm.scripted import ScriptedChatModel
from app.services.channels.bots_file import BotsInvalid, read_bots
from app.wiring.application import build
from ingest.embedding.hashing import HashingEmbedder
from tests.application import test_settings as settings_for
from tests.messengers import SECRET, VARIABLES, Messengers, dingtalk_sign


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('platform = "wecom"', 'platform = "icq"'), "platform"),
        (('name = "wecom"', 'name = "We Com"'), "name"),
        (('secret_env = "BOT_SECRET"', 'secret_env = "NOT_SET"'), "NOT_SET is not set"),
        (("[[bot]]", "[[bot]]\nunknown = 1"), "unknown"),
        (('app_id = "1000002"', ""), "app_id is needed for wecom"),
        (('aes_key_env = "BOT_AES_KEY"', 'aes_key_env = "BOT_TOKEN"'), "43 characters"),
        (('secret_env = "BOT_SECRET"', 'secret_env = "BOT_TOKEN"'), "BOT_TOKEN can be guessed"),
        (('name = "feishu"', 'name = "wecom"'), "two bots have the same name"),
        (('at = "http', 'at = "ftp'), "https"),
    ],
)
def test_an_error_in_the_file_is_named_and_no_secret_told(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    path, values = tmp_path / "bots.toml", {**VARIABLES, "BOT_KEY": "zk_secret"}
    path.write_text(Messengers(url="http://127.0.0.1:1").file().replace(*change, 1), "utf-8")
    with pytest.raises(BotsInvalid, match=said) as raised:
        read_bots(path, lambda name: values.get(name, ""))
    assert str(path) in str(raised.value)
    assert not any(value in str(raised.value) for value in values.values())


def test_where_people_sign_in_a_bot_needs_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_SECRET", SECRET)
    path = tmp_path / "bots.toml"
    path.write_text(
        '[[bot]]\nname = "a"\nplatform = "dingtalk"\ncompany_id = "c"\nsecret_env = "BOT_SECRET"',
        "utf-8",
    )
    settings = settings_for(tmp_path, auth="password", embedder="hashing")
    with pytest.raises(BotsInvalid, match="key_env is needed"):
        build(settings, embedder=HashingEmbedder(), model=ScriptedChatModel())


def test_without_a_file_there_are_no_bots(api: object) -> None:
    http: httpx.Client = api.http  # type: ignore[attr-defined]
    assert http.post("/api/bots/wecom").status_code == 404
    assert dingtalk_sign("1577262236757", "x") != dingtalk_sign("1577262236757", "y")
