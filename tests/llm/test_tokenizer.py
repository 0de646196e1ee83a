from pathlib import Path

import pytest

from app.llm.tokenizer import QwenTokenizer
from tests.weights import CHAT_MODEL, store_with

TEXTS = [
    "服务器每天凌晨两点备份，保留三十天。",
    "The warranty covers parts and labour for 24 months.\n\n  - indented\t12345",
    "混合 English，emoji 😀，全角ＡＢＣ，é。\r\n",
]


@pytest.fixture(scope="module")
def tokenizer() -> QwenTokenizer:
    return QwenTokenizer(store_with(CHAT_MODEL).tokenizer(CHAT_MODEL))


@pytest.mark.parametrize("text", TEXTS)
def test_decoding_gives_the_text_back(tokenizer: QwenTokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.count(text) == len(tokenizer.encode(text)) < len(text.encode())


def test_decomposed_characters_are_composed_first(tokenizer: QwenTokenizer) -> None:
    assert tokenizer.encode("cafe\u0301") == tokenizer.encode("café")


def test_control_tokens_are_one_token_each(tokenizer: QwenTokenizer) -> None:
    assert tokenizer.encode("<|im_start|>user\n你好<|im_end|>\n") == [
        *(151644, 872, 198),
        *tokenizer.encode("你好"),
        *(151645, 198),
    ]
    assert tokenizer.count("") == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        QwenTokenizer(tmp_path / "nothing.json")
