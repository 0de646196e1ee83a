"""What a sentence-transformers folder says about its model, read without torch.

modules.json                        the modules in order
config_sentence_transformers.json   prompts, where the model has some
sentence_bert_config.json           max_seq_length
config.json, tokenizer.json, weights
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import EmbedderError

# What the models want in front of a query and of a document, where their folders don't say.
# From the model cards: BAAI's for BGE (v1.5: instruction on queries only), Microsoft's for E5,
# Qwen's for Qwen3-Embedding.
_KNOWN_PROMPTS = (
    (r"bge-m3|e5-.*-instruct", "", ""),
    (r"bge-.*-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"bge-.*-en", "Represent this sentence for searching relevant passages: ", ""),
    (r"(^|[-/_])e5-", "query: ", "passage: "),
    (
        r"qwen3-embedding",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
        "Query:",
        "",
    ),
)
_WEIGHTS = ("*.safetensors", "*.bin")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    path: Path
    name: str
    dim: int
    max_tokens: int  # special tokens included
    query_prompt: str
    document_prompt: str


def read_model_folder(path: Path, name: str) -> ModelFolder:
    """Raises EmbedderError where the folder is missing, incomplete or unreadable."""
    if not path.is_dir():
        raise EmbedderError(f"The embedding model {name} is not at {path}. Fetch the models first.")
    for needed in ("modules.json", "tokenizer.json", "config.json"):
        if not (path / needed).is_file():
            raise EmbedderError(f"The embedding model {name} at {path} lacks {needed}.")
    if not _has_weights(path):
        raise EmbedderError(f"The embedding model {name} at {path} has no weights.")
    config = _read(path / "config.json")
    query, document = _prompts(path, name)
    return ModelFolder(path, name, _dim(path, config), _max_tokens(path, config), query, document)


def _has_weights(path: Path) -> bool:
    return any(next(path.glob(pattern), None) for pattern in _WEIGHTS)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EmbedderError(f"{path} cannot be read: {error}") from error


def _dim(path: Path, config: dict[str, Any]) -> int:
    """The width of the last dense layer, or of the transformer where there is none."""
    dim = config.get("hidden_size")
    for module in _read(path / "modules.json"):
        if module["type"].endswith("Dense"):
            dim = _read(path / module["path"] / "config.json").get("out_features")
    if not isinstance(dim, int) or dim < 1:
        raise EmbedderError(f"{path / 'config.json'} does not give the width of the vectors.")
    return dim


def _max_tokens(path: Path, config: dict[str, Any]) -> int:
    positions = int(config.get("max_position_embeddings") or 512)
    own = path / "sentence_bert_config.json"
    limit = _read(own).get("max_seq_length") if own.is_file() else None
    return min(int(limit), positions) if limit else positions


def _prompts(path: Path, name: str) -> tuple[str, str]:
    """`(query, document)`: the folder's own where one of them is not empty, else by name."""
    own = path / "config_sentence_transformers.json"
    prompts = (_read(own).get("prompts") or {}) if own.is_file() else {}
    query = prompts.get("query") or ""
    document = prompts.get("document") or prompts.get("passage") or ""
    if query or document:
        return query, document
    return known_prompts(name)


def known_prompts(name: str) -> tuple[str, str]:
    """`(query, document)` of a model by its name; empty for one that needs none or is unknown."""
    for pattern, known_query, known_document in _KNOWN_PROMPTS:
        if re.search(pattern, name, re.IGNORECASE):
            return known_query, known_document
    return "", ""
