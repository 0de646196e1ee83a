"""engines.toml: what it says, and how a wrong one is told."""

from pathlib import Path

import pytest

from app.llm.chat_model import EnginesInvalid
from app.llm.engines import EngineList, read_engines

TWO = """
open_s = 5

[[engine]]
name = "local"
size = "small"

[[engine]]
name = "big"
base_url = "http://127.0.0.1:8100/v1/"
model = "Qwen/Qwen2.5-7B-Instruct-AWQ"
context_tokens = 8192
good_for = "long questions"
price_in = 0.5
api_key_env = "BIG_KEY"
"""


def read(tmp_path: Path, text: str) -> EngineList:
    path = tmp_path / "engines.toml"
    path.write_text(text, "utf-8")
    return read_engines(path, min_context_tokens=2000)


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    found = read(tmp_path, TWO)
    local, big = found.engines
    assert (found.open_s, found.failures_to_open) == (5, 3)
    assert (local.name, local.base_url, local.served_model) == ("local", None, "local")
    assert (big.url, big.served_model) == (
        "http://127.0.0.1:8100/v1",
        "Qwen/Qwen2.5-7B-Instruct-AWQ",
    )


ENTRY = '[[engine]]\nname = "a"\nbase_url = "http://127.0.0.1:1/v1"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "engine: Field required"),
        ("engine = [", "engines.toml: "),
        (ENTRY + "contex_tokens = 4096", "engine 'a': contex_tokens: Extra inputs"),
        (ENTRY + "context_tokens = 1024", "engine 'a': context_tokens = 1024, but prompt and"),
        (ENTRY + 'protocol = "grpc"', "engine 'a': protocol: Input should be"),
        (ENTRY + "price_in = -1", "engine 'a': price_in: "),
        (ENTRY + ENTRY, "two engines have the name 'a'"),
        (ENTRY + "only_by_name = true", "every engine is only_by_name"),
        ('[[engine]]\nname = "auto"', "the name 'auto' is reserved"),
        ('[[engine]]\nname = "zhiwen/a"', "the name 'zhiwen/a' is reserved"),
        ('[[engine]]\nname = "a"\n[[engine]]\nname = "b"', "only one engine may omit"),
        ('[[engine]]\nbase_url = "ftp://x"', "engine 1: "),
        (
            '[[engine]]\nname = "a"\nbase_url = "http://me:secret@x/v1"',
            "must not contain a password",
        ),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EnginesInvalid) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert "engines.toml" in str(error.value)
    assert "secret@" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnginesInvalid, match="No such file"):
        read_engines(tmp_path / "none.toml", min_context_tokens=0)
