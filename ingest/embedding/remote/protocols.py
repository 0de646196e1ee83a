"""What is asked of an embeddings server, and what its answers say, by protocol.

openai   POST {url}/embeddings: vLLM, llama.cpp, Ollama, OpenAI itself; `url` ends with /v1
zhiwen   the same, and the server is told what is a question: it puts the model's prompts in front
tei      POST {url}/embed of Hugging Face's Text Embeddings Inference
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ingest.embedding.embedder import TextKind, Vectors
from ingest.errors import EmbedderUnavailable

Protocol = Literal["openai", "zhiwen", "tei"]


def path(protocol: Protocol) -> str:
    """Below the server's address."""
    return "/embed" if protocol == "tei" else "/embeddings"


def body(protocol: Protocol, model: str, texts: Sequence[str], kind: TextKind) -> dict[str, Any]:
    if protocol == "tei":  # it serves one model; `truncate`: else it refuses what is too long
        return {"inputs": list(texts), "normalize": True, "truncate": True}
    # base64 is a third of the digits. OpenAI's own client asks for it, too, so that servers
    # which don't know it answer with numbers, which are read as well.
    asked = {"model": model, "input": list(texts), "encoding_format": "base64"}
    return {**asked, "input_type": kind} if protocol == "zhiwen" else asked


def vectors_of(protocol: Protocol, document: Any, count: int) -> Vectors:
    """`(count, width)`, float32, as the server gave them, in the order of the texts.

    Raises EmbedderUnavailable where the answer is something else.
    """
    try:
        rows = document if protocol == "tei" else _in_order(document["data"])
        vectors = np.array([_row(each) for each in rows], dtype=np.float32)
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise EmbedderUnavailable(
            f"The embedding server answered without vectors: {error}"
        ) from None
    if vectors.ndim != 2 or len(vectors) != count:
        raise EmbedderUnavailable(
            f"The embedding server gave {len(vectors)} vectors for {count} texts."
        )
    return vectors


def _in_order(data: Sequence[Any]) -> list[Any]:
    """OpenAI says where each vector belongs; some servers leave that out."""
    placed = sorted(data, key=lambda each: int(each.get("index", 0)))
    return [each["embedding"] for each in placed]


def _row(given: Any) -> Vectors:
    """Numbers, or little-endian float32 in base64."""
    if isinstance(given, str):
        return np.frombuffer(base64.b64decode(given, validate=True), dtype="<f4")
    return np.array(given, dtype=np.float32)
