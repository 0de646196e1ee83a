import struct
from pathlib import Path
from typing import Any

import pytest

from app.llm.tokenizer import QwenTokenizer
from app.models.build.gguf import read_metadata, write_tokenizer
from app.models.errors import ModelFormatError


def gguf_string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_value(value: Any) -> bytes:
    """Type and value, as GGUF has them."""
    if isinstance(value, str):
        return struct.pack("<I", 8) + gguf_string(value)
    if isinstance(value, list) and isinstance(value[0], str):
        items = b"".join(map(gguf_string, value))
        return struct.pack("<IIQ", 9, 8, len(value)) + items
    if isinstance(value, list):
        return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    return struct.pack("<Ii", 5, value)


def write_gguf(path: Path, metadata: dict[str, Any]) -> Path:
    pairs = b"".join(gguf_string(key) + gguf_value(value) for key, value in metadata.items())
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(metadata)) + pairs)
    return path


SMALL = {
    "tokenizer.ggml.pre": "qwen2",
    "tokenizer.ggml.tokens": ["a", "b", "Ġ", "ab", "<|im_end|>", "<tool_call>", "[PAD6]"],
    "tokenizer.ggml.token_type": [1, 1, 1, 1, 3, 4, 5],
    "tokenizer.ggml.merges": ["a b"],
    "tokenizer.chat_template": "{{ messages }}",
    "general.count": 3,
}


def test_metadata_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_metadata(write_gguf(tmp_path / "m.gguf", SMALL)) == SMALL


def test_the_tokenizer_merges_and_keeps_control_tokens_whole(tmp_path: Path) -> None:
    write_tokenizer(write_gguf(tmp_path / "m.gguf", SMALL), tmp_path)
    tokenizer = QwenTokenizer(tmp_path / "tokenizer.json")
    assert tokenizer.encode("ab b<|im_end|><tool_call>") == [3, 2, 1, 4, 5]
    assert tokenizer.decode([3, 4]) == "ab<|im_end|>"
    assert (tmp_path / "chat_template.jinja").read_text() == "{{ messages }}"


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    other = write_gguf(tmp_path / "m.gguf", {**SMALL, "tokenizer.ggml.pre": "llama-bpe"})
    with pytest.raises(ModelFormatError, match="Qwen2"):
        write_tokenizer(other, tmp_path)


@pytest.mark.parametrize("cut", [0, 3, 10, 30, 100])
def test_a_cut_file_is_refused(tmp_path: Path, cut: int) -> None:
    whole = write_gguf(tmp_path / "m.gguf", SMALL).read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:cut])
    with pytest.raises(ModelFormatError):
        read_metadata(tmp_path / "cut.gguf")
