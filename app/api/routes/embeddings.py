"""OpenAI-compatible embeddings: the vectors that the search of a base compares."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BeforeValidator, Field

from app.api.deps import COUNTED_ASKING, App, Asking
from app.api.leaving import ClientLeft, unless_left
from app.api.routes.openai import CLIENT_CLOSED, OpenAiIn
from app.services.errors import Invalid, WrongEmbedder
from app.services.people.access import Access
from app.wiring.application import Zhiwen
from ingest.embedding.embedder import Vectors

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

_MAX_TEXTS = 2048  # OpenAI's own limit
_BATCH = 16  # texts until the next look whether the client is still there


def _as_list(given: Any) -> Any:
    if isinstance(given, list) and any(isinstance(each, int | list) for each in given):
        raise ValueError("Token ids are not supported; send texts.")
    return [given] if isinstance(given, str) else given


Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=_MAX_TEXTS), BeforeValidator(_as_list)]


class EmbeddingsIn(OpenAiIn):
    """`input_type` is for embedders that want an instruction before a question: texts that are
    searched with are `query`, texts that are searched for are `document`."""

    model: str
    input: Texts = Field(description="A text, or several")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, description="That of the embedder; no other is possible")
    input_type: Literal["query", "document"] = "document"


@router.post("/embeddings", response_model=None, dependencies=COUNTED_ASKING)
async def create_embeddings(
    body: EmbeddingsIn, access: Asking, app: App, request: Request
) -> Response:
    """L2-normalised vectors of texts, by the embedder of the base that `model` names."""
    tokens = await asyncio.to_thread(_checked_tokens, body, access, app)
    try:
        vectors = await unless_left(request, _embed(body, app))
    except ClientLeft:
        return Response(status_code=CLIENT_CLOSED)
    encode = _base64 if body.encoding_format == "base64" else _floats
    data = [
        {"object": "embedding", "index": index, "embedding": encode(vector)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return JSONResponse({"object": "list", "data": data, "model": body.model, "usage": usage})


def _checked_tokens(body: EmbeddingsIn, access: Access, app: Zhiwen) -> int:
    """The tokens of all texts. Raises NotFound, WrongEmbedder or Invalid."""
    embedder = app.embedder
    if body.model != embedder.name:
        for base_id in app.direct.bases_of(access, body.model):
            base = app.bases.get(access, base_id).base
            if base.embedder != embedder.name:
                raise WrongEmbedder(base.name, base.embedder, embedder.name)
    if body.dimensions not in (None, embedder.dim):
        raise Invalid(f"{embedder.name} has {embedder.dim} dimensions.", code="wrong_dimensions")
    counts = embedder.token_counts(body.input)
    for index, tokens in enumerate(counts):
        if tokens > embedder.max_tokens:
            raise Invalid(
                f"Text {index} has {tokens} tokens; {embedder.max_tokens} are the limit of "
                f"{embedder.name}. Send it in parts.",
                code="input_too_long",
            )
    return sum(counts)


async def _embed(body: EmbeddingsIn, app: Zhiwen) -> list[Vectors]:
    """Row by row, each `(dim,)`."""
    rows: list[Vectors] = []
    for begin in range(0, len(body.input), _BATCH):
        batch = body.input[begin : begin + _BATCH]
        rows += [*await asyncio.to_thread(app.embedder.embed, batch, kind=body.input_type)]
    return rows


def _floats(vector: Vectors) -> Sequence[float]:
    return [float(number) for number in vector]


def _base64(vector: Vectors) -> str:
    """Little-endian float32, as OpenAI's own clients ask for."""
    return base64.b64encode(vector.astype(np.dtype("<f4")).tobytes()).decode()
