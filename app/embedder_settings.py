"""Settings about the embedding model: one of this machine, or one behind a server."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings


def _read_server(url: HttpUrl) -> HttpUrl:
    """Raises ValueError."""
    if url.username or url.password:
        raise ValueError("no user or password here; the key goes into ZHIWEN_EMBEDDER_API_KEY")
    if url.query or url.fragment:
        raise ValueError("the address ends with its path, e.g. http://127.0.0.1:8080/v1")
    return url


class EmbedderSettings(BaseSettings):
    embedder: str | None = Field(
        None, description="Embedding model by name; the best one available when empty"
    )
    embed_threads: int = Field(0, ge=0, description="Threads that embed documents; 0 = all cores")
    embedder_url: Annotated[HttpUrl, AfterValidator(_read_server)] | None = Field(
        None,
        description="Server that runs the model EMBEDDER: with /v1, unless EMBEDDER_PROTOCOL=tei; "
        "the model runs here when empty",
    )
    embedder_protocol: Literal["openai", "zhiwen", "tei"] = Field(
        "openai",
        description="openai: /v1/embeddings; zhiwen: the same of another Zhiwen, which knows the "
        "model's prompts; tei: /embed of Text Embeddings Inference",
    )
    embedder_api_key: SecretStr = Field(
        SecretStr(""), description="Bearer token for the embedding server"
    )
    embedder_model: str = Field(
        "", description="The server's name for the model; EMBEDDER when empty"
    )
    embedder_dim: int = Field(
        0, ge=0, le=65536, description="Dimensions of the served model; 0 = known from EMBEDDER"
    )
    embedder_max_tokens: int = Field(
        0,
        ge=0,
        description="Maximum input of the served model; 0 = known from EMBEDDER, 512 otherwise",
    )
    embedder_query_prompt: str | None = Field(
        None,
        description="Put before each question for a served model; known from EMBEDDER when empty",
    )
    embedder_document_prompt: str | None = Field(
        None,
        description="Put before each chunk for a served model; known from EMBEDDER when empty",
    )
    embedder_batch: int = Field(
        32, ge=1, description="Texts in a request to the embedding server; TEI takes 32"
    )
    embedder_requests: int = Field(
        4, ge=1, le=64, description="Requests to the embedding server at once, for each process"
    )
    embedder_timeout_s: float = Field(
        30.0, gt=0, description="Time limit for an answer of the embedding server"
    )
