"""Settings, read once from the environment and `.env`, and validated at start.

Only this module reads the environment. Every name has the prefix `ZHIWEN_`.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.embedder_settings import EmbedderSettings
from app.guard import read_hosts, read_origins
from app.people_settings import AuthMode, PeopleSettings, is_loopback
from app.vector_settings import VectorSettings

MIB = 1024 * 1024

# Comma-separated in the environment, not JSON.
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_hosts)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_origins)]


class Settings(EmbedderSettings, VectorSettings, PeopleSettings):
    model_config = SettingsConfigDict(
        env_prefix="ZHIWEN_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="forbid",
        populate_by_name=True,
    )

    profile: Literal["embedded", "gpu"] = Field(
        "embedded", description="embedded: llama.cpp here; gpu: a vLLM server at ENGINE_URL"
    )
    data_dir: Path = Field(Path(".zhiwen"), description="Database, uploaded files, models, indexes")
    models_dir: Path | None = Field(None, description="Model weights; DATA_DIR/models when empty")
    offline: bool = Field(False, description="Never contact a model hub")
    hub_endpoint: str | None = Field(
        None, description="Another hub with Hugging Face's protocol, e.g. ModelScope's"
    )
    database_url: str | None = Field(
        None, description="PostgreSQL URL; SQLite in DATA_DIR when empty"
    )
    files_url: Annotated[str, Field(pattern=r"^s3://[^/@?#]+(/[^@?#]*)?$")] | None = Field(
        None, description="Object store of uploads, s3://BUCKET/PREFIX; DATA_DIR/files when empty"
    )

    api_host: str = Field("127.0.0.1", description="Address the API binds")
    api_port: int = Field(8000, ge=1, le=65535, description="Port of the API")
    api_url: HttpUrl | None = Field(
        None, description="Where UI and shell find the API; API_HOST:API_PORT when empty"
    )
    api_key: SecretStr = Field(
        SecretStr(""), description="Key that `zhiwen mcp` sends to the API as bearer token"
    )
    ui_host: str = Field("127.0.0.1", description="Address the UI binds")
    ui_port: int = Field(8501, ge=1, le=65535, description="Port of the UI")
    allowed_hosts: Hosts = Field(
        (),
        description="Host names that API and UI answer to, comma-separated; `*.example.com` covers "
        "subdomains, `*` any name. Loopback and the bound address always work; when bound to "
        "0.0.0.0, so do all IP addresses and this machine's own name",
    )
    allowed_origins: Origins = Field(
        (),
        description="Other websites that may use API and UI from a browser, comma-separated, e.g. "
        "https://portal.example.com. Also needed where a proxy changes the Host header",
    )

    widget_origins: Origins = Field(
        (),
        description="Websites with the chat widget, comma-separated, e.g. https://www.example.com. "
        "They may call its route only",
    )

    auth: AuthMode = Field(
        "none",
        description="How people sign in. none: one person on this machine, no login; password: "
        "accounts here; oidc: an OpenID provider; feishu, lark, dingtalk, wecom: an app there; "
        "proxy: a header of a reverse proxy. With all but the first two, administrators may use "
        "a password, too",
    )

    engine_url: HttpUrl | None = Field(
        None, description="OpenAI-compatible server, with /v1; the embedded engine when empty"
    )
    vllm_python: Path | None = Field(
        None,
        description="Python of an environment with vLLM, which then replaces llama.cpp as the "
        "embedded engine; `make vllm-cpu` creates one",
    )
    train_python: Path | None = Field(
        None,
        description="Python of an environment with TRL and PEFT, which trains adapters; that of "
        "`make train-env` when empty",
    )
    engine_port: int = Field(8010, ge=1, le=65535, description="Port of the embedded engine")
    engine_threads: int = Field(
        0, ge=0, description="Threads of the embedded engine; 0 = all cores"
    )
    engine_api_key: SecretStr = Field(SecretStr(""), description="Bearer token for the engine")
    engine_protocol: Literal["completions", "chat"] = Field(
        "completions",
        description="completions: Zhiwen renders ChatML (vLLM, llama.cpp); chat: the server does",
    )
    engines: Path | None = Field(
        None,
        description="TOML file with several engines by name; DATA_DIR/engines.toml where it exists",
    )
    bots: Path | None = Field(
        None,
        description="TOML file with bots in WeCom, Feishu and DingTalk; DATA_DIR/bots.toml where "
        "it exists",
    )
    chat_model: str = Field("", description="Chat model by name; the profile's default when empty")
    tokenizer: str = Field(
        "", description="Model whose tokenizer counts prompts; the chat model's own when empty"
    )
    connect_timeout_s: float = Field(
        3.0, gt=0, description="Time limit for connecting to the engine"
    )
    first_token_timeout_s: float = Field(
        180.0,
        gt=0,
        description="Time limit for the first token; a CPU processes long prompts slowly",
    )
    stall_timeout_s: float = Field(60.0, gt=0, description="Time limit between two tokens")

    context_tokens: int = Field(4096, ge=1024, description="Context length of the chat model")
    max_prompt_tokens: int = Field(
        0,
        ge=0,
        description="Prompt budget; 0 = 3500 gpu; 650 embedded, down to 450 if the engine is slow. "
        "A long question may exceed it",
    )
    max_answer_tokens: int = Field(512, ge=16, description="Maximum length of an answer")
    temperature: float = Field(
        0.0,
        ge=0,
        le=2,
        description="Sampling temperature of models without one of their own; 0 = most likely "
        "answer",
    )

    chunk_tokens: int = Field(120, ge=32, description="Target size of a chunk, embedder tokens")
    top_k: int = Field(6, ge=1, le=50, description="Maximum number of passages in the prompt")
    candidates: int = Field(
        60, ge=1, le=500, description="Candidate chunks from each of the two searches"
    )
    dense_weight: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Weight of meaning (cosine) versus words (BM25) in a search; "
        "the embedder's own when empty",
    )
    reranker: str = Field(
        "",
        description="Model that reorders the best 20 chunks of a search: a reranker from "
        "`zhiwen models list`, the folder of a cross-encoder, or `sentences` for the embedder's "
        "own vectors, sentence by sentence; none when empty",
    )
    rerank_seconds: float = Field(
        0.5, gt=0, description="Time a reranker may take for one search; the rest keeps its order"
    )
    rewrite_follow_ups: bool = Field(
        True,
        description="Have able models write follow-ups as questions of their own for search",
    )
    abstain: bool = Field(
        True, description="Say that nothing was found instead of letting the model guess"
    )

    judge: bool = Field(
        False,
        description="Ask the chat model after each answer whether the sources state it, and say so "
        "beside the answer where they don't; for models of some billion parameters",
    )

    answer_cache: bool = Field(
        True, description="Reuse an earlier answer if question, content and settings are the same"
    )
    answer_cache_hours: float = Field(168.0, gt=0, description="Maximum age of a reused answer")
    tool_steps: int = Field(
        0,
        ge=0,
        le=8,
        description="How often the model may call tools for one answer; needs ENGINE_PROTOCOL=chat",
    )

    max_upload_mib: int = Field(200, ge=1, description="Largest file accepted")
    parse_timeout_s: float = Field(
        180.0, gt=0, description="Stop reading a file after this long without a finished page"
    )
    parse_total_timeout_s: float = Field(
        3600.0, gt=0, description="Stop reading a file after this long in total"
    )
    parse_memory_mib: int = Field(
        3072,
        ge=512,
        description="Memory of the process that reads files; text recognition uses half of it",
    )
    parse_max_characters: int = Field(
        50_000_000, ge=1000, description="Maximum length of the text of one file"
    )
    max_question_chars: int = Field(8000, ge=100, description="Maximum length of a question")
    worker_idle_s: float = Field(
        60.0, ge=0, description="The embedding process ends after this long without work"
    )
    read_hidden: bool = Field(
        False, description="Also read hidden sheets, rows, columns, and hidden text of Word"
    )
    sample_base: bool = Field(True, description="Create the sample knowledge base at first start")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Log level of API and worker"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Readable lines, or one JSON object per line"
    )
    log_prompts: bool = Field(
        False,
        description="Also log questions, prompts and answers; otherwise no line has their text",
    )
    otlp_endpoint: HttpUrl | None = Field(
        None,
        validation_alias=AliasChoices("ZHIWEN_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="OpenTelemetry collector (OTLP over HTTP) for traces, without a path; none "
        "when empty. OTEL_EXPORTER_OTLP_ENDPOINT is read too",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.profile == "gpu" and self.engine_url is None:
            raise ValueError("profile gpu needs ZHIWEN_ENGINE_URL, e.g. http://127.0.0.1:8100/v1")
        if self.embedder_url is not None and not self.embedder:
            raise ValueError("EMBEDDER_URL needs ZHIWEN_EMBEDDER, the name of the model there")
        if self.tool_steps and self.engine_protocol != "chat":
            raise ValueError("TOOL_STEPS needs ZHIWEN_ENGINE_PROTOCOL=chat")
        if self.prompt_budget[0] + self.max_answer_tokens > self.context_tokens:
            raise ValueError("MAX_PROMPT_TOKENS + MAX_ANSWER_TOKENS exceed CONTEXT_TOKENS")
        if missing := self.missing_for_vectors(self.sql_url):
            raise ValueError(missing)
        if missing := self.missing_for(self.auth):
            raise ValueError(f"AUTH={self.auth} needs ZHIWEN_{missing}")
        if weak := self.weak_for(self.auth):
            raise ValueError(
                f"ZHIWEN_{weak} can be guessed. Have the provider make a new one, of 16 random "
                "characters or more"
            )
        return self

    @property
    def open_door(self) -> str | None:
        """Why starting is refused, in lines for the person who starts it: other machines would get
        in and nobody would have to sign in."""
        return self.opened_by("ZHIWEN_API_HOST=", self.api_host) or self.opened_by(
            "ZHIWEN_UI_HOST=", self.ui_host
        )

    def opened_by(self, option: str, host: str) -> str | None:
        """The same of one address, which `option` sets."""
        if self.auth != "none" or self.open or is_loopback(host):
            return None
        return (
            f"{option}{host} lets other machines in, and nobody has to sign in. Set one of:\n"
            "  ZHIWEN_AUTH=password    first: zhiwen users add NAME --admin\n"
            f"  {option}127.0.0.1"
        )

    def as_environment(self) -> dict[str, str]:
        """Environment variables that pass these settings on to another process."""
        variables = {}
        for name in self.model_fields_set:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            elif isinstance(value, Path):
                value = value.absolute()
            elif isinstance(value, tuple):
                value = ",".join(value)
            if value is not None:
                variables[f"ZHIWEN_{name.upper()}"] = str(value)
        return variables

    @property
    def prompt_budget(self) -> tuple[int, int | None]:
        """Maximum tokens of a prompt, and the minimum for a slow engine if none is configured."""
        if self.max_prompt_tokens:
            return self.max_prompt_tokens, None
        return (3500, None) if self.profile == "gpu" else (650, 450)

    @property
    def engines_path(self) -> Path | None:
        """The file with the engines; None if the settings above describe the only one."""
        usual = self.data_dir / "engines.toml"
        return self.engines or (usual if usual.is_file() else None)

    @property
    def bots_path(self) -> Path | None:
        """The file with the bots in messengers; None if there are none."""
        usual = self.data_dir / "bots.toml"
        return self.bots or (usual if usual.is_file() else None)

    @property
    def models_path(self) -> Path:
        return self.models_dir or self.data_dir / "models"

    @property
    def files_path(self) -> Path:
        return self.data_dir / "files"

    @property
    def indexes_path(self) -> Path:
        return self.data_dir / "indexes"

    @property
    def sql_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'zhiwen.db'}"

    @property
    def api_base_url(self) -> str:
        return str(self.api_url or f"http://{self.api_host}:{self.api_port}").rstrip("/")

    @property
    def ui_base_url(self) -> str:
        return str(self.ui_url or f"http://{self.ui_host}:{self.ui_port}").rstrip("/")

    @property
    def embedded_engine(self) -> bool:
        return self.engine_url is None

    @property
    def engine_base_url(self) -> str:
        """Includes `/v1`, without a trailing slash."""
        return str(self.engine_url or f"http://127.0.0.1:{self.engine_port}/v1").rstrip("/")

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mib * MIB


def secret(variable: str) -> str:
    """The value of an environment variable named by another setting; empty if unset."""
    return os.environ.get(variable, "")
