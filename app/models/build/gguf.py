"""Converts the tokenizer in a GGUF file to `tokenizer.json`.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Only the metadata is read, not
the tensors, so this takes a second regardless of model size.
"""

import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

from app.models.errors import ModelFormatError

TOKENIZER_FILE = "tokenizer.json"
TEMPLATE_FILE = "chat_template.jinja"

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_CONTROL, _USER_DEFINED, _UNUSED = 3, 4, 5  # token types
_MAX_STRING_BYTES = 1 << 24  # of a chat template or token; anything longer means a broken file

# Qwen2's split into words: https://huggingface.co/Qwen/Qwen2.5-0.5B/blob/main/tokenizer.json
_QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def read_metadata(path: Path) -> dict[str, Any]:
    """Reads all key–value pairs of a GGUF file (version 2 or 3). Raises ModelFormatError."""
    with path.open("rb") as file:
        try:
            if file.read(4) != b"GGUF":
                raise ModelFormatError(f"{path} is not a GGUF file")
            version, _tensors, pairs = struct.unpack("<IQQ", file.read(20))
            if version not in (2, 3):
                raise ModelFormatError(f"{path}: GGUF version {version} is not supported")
            return dict(_pair(file) for _ in range(pairs))
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise ModelFormatError(f"{path}: broken metadata ({error!r})") from error


def _pair(file: BinaryIO) -> tuple[str, Any]:
    key = _string(file)
    return key, _value(file, _scalar(file, 4))


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        item_kind, length = _scalar(file, 4), _scalar(file, 10)
        if item_kind in _SCALARS:
            code = f"<{length}{_SCALARS[item_kind]}"
            return list(struct.unpack(code, file.read(struct.calcsize(code))))
        return [_value(file, item_kind) for _ in range(length)]
    return _scalar(file, kind)


def _scalar(file: BinaryIO, kind: int) -> Any:
    code = "<" + _SCALARS[kind]
    return struct.unpack(code, file.read(struct.calcsize(code)))[0]


def _string(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _MAX_STRING_BYTES:
        raise ModelFormatError(f"a string of {length} bytes in GGUF metadata")
    return file.read(length).decode("utf-8")


def write_tokenizer(gguf: Path, folder: Path) -> None:
    """Writes `tokenizer.json` (Qwen2 byte-level BPE) and `chat_template.jinja` into `folder`."""
    metadata = read_metadata(gguf)
    if metadata.get("tokenizer.ggml.pre") != "qwen2":
        raise ModelFormatError(f"{gguf}: not a Qwen2 tokenizer")
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    types: list[int] = metadata["tokenizer.ggml.token_type"]
    merges: list[str] = metadata["tokenizer.ggml.merges"]
    added = [
        _added_token(index, token, special=kind == _CONTROL)
        for index, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind in (_CONTROL, _USER_DEFINED)
    ]
    # Unused tokens only pad the embedding matrix.
    words = {
        token: index
        for index, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind not in (_CONTROL, _USER_DEFINED, _UNUSED)
    }
    document = _tokenizer_document(words, [merge.split(" ") for merge in merges], added)
    (folder / TOKENIZER_FILE).write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    (folder / TEMPLATE_FILE).write_text(metadata["tokenizer.chat_template"], "utf-8")


def _added_token(index: int, token: str, *, special: bool) -> dict[str, Any]:
    return {
        "id": index,
        "content": token,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }


def _tokenizer_document(
    vocabulary: dict[str, int], merges: list[list[str]], added: list[dict[str, Any]]
) -> dict[str, Any]:
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},  # as in Qwen's own tokenizer; llama.cpp omits it
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": _QWEN2_WORDS},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {**byte_level, "use_regex": False},
            ],
        },
        "post_processor": {**byte_level, "use_regex": False},
        "decoder": {**byte_level, "use_regex": False},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
