"""Builds the chat engines from the settings or from engines.toml."""

from collections.abc import Mapping
from pathlib import Path

from app.config import Settings, secret
from app.llm.adapters import AdapterHost, LlamaCppAdapters, VllmAdapters
from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import ChatModel, EnginesInvalid
from app.llm.engines import EngineList, EngineSpec, read_engines
from app.llm.gateway import Engine, Gateway
from app.llm.request_queue import RequestQueue
from app.llm.tokenizer import QwenTokenizer
from app.llm.wire.openai_chat import OpenAIChatModel
from app.models.cpu_choice import read_choice
from app.models.store import ModelStore
from app.rag.prompting.prompt import render_chatml
from app.rag.prompting.styles import ANSWER, STYLES, Style

_EMBEDDED_RUNNING = 2  # parallel requests of `app.llm.servers.llama_cpp`
_EMBEDDED_WAITING = 32


def chat_model_name(settings: Settings, store: ModelStore) -> str:
    """The configured model, the one chosen for this machine, or the profile's default."""
    if settings.chat_model:
        return settings.chat_model
    if settings.vllm_python is not None:
        return "qwen2.5-coder-0.5b-instruct-awq"
    if settings.embedded_engine:
        chosen = read_choice(settings.data_dir).chosen
        return chosen if store.registry.find(chosen) else store.default_chat_model()
    return "Qwen/Qwen2.5-3B-Instruct-AWQ"


def engine_list(settings: Settings, store: ModelStore) -> EngineList:
    """All engines with their addresses. Raises EnginesInvalid."""
    if settings.engines_path is None:
        return EngineList(engines=(_only_engine(settings, store),))
    found = read_engines(
        settings.engines_path,
        min_context_tokens=settings.prompt_budget[0] + settings.max_answer_tokens,
    )
    engines = tuple(
        _with_model(
            spec if spec.base_url is not None else _of_settings(spec, settings, store),
            settings,
            store,
        )
        for spec in found.engines
    )
    return found.model_copy(update={"engines": engines})


def starts_engine(settings: Settings) -> bool:
    """Whether the embedded engine is configured. Raises EnginesInvalid."""
    if not settings.embedded_engine or settings.engines_path is None:
        return settings.embedded_engine
    found = read_engines(settings.engines_path, min_context_tokens=0)
    return any(spec.base_url is None for spec in found.engines)


def tokenizer_name(spec: EngineSpec, settings: Settings, store: ModelStore) -> str:
    """The model whose tokenizer counts this engine's prompts: its own, if known."""
    known = store.registry.find(spec.served_model) is not None
    if spec.tokenizer or known:
        return spec.tokenizer or spec.served_model
    return settings.tokenizer or chat_model_name(settings, store)


def build_gateway(settings: Settings, store: ModelStore) -> Gateway:
    """A gateway over all engines. Raises EnginesInvalid, ModelError for a missing tokenizer."""
    listed = engine_list(settings, store)
    engines = [
        Engine(
            spec,
            _client(spec, settings, store),
            CircuitBreaker(listed.failures_to_open, listed.open_s),
            RequestQueue(spec.max_running, spec.max_waiting),
        )
        for spec in listed.engines
    ]
    return Gateway(engines)


def adapters_file(settings: Settings) -> Path:
    """The list of adapters that the embedded llama.cpp shall have."""
    return settings.data_dir / "adapters" / "engine.json"


def adapter_hosts(
    settings: Settings, gateway: Gateway
) -> Mapping[str, tuple[str, OpenAIChatModel, AdapterHost]]:
    """Of each engine, by name: its model, its client, and how it takes adapters."""
    found: dict[str, tuple[str, OpenAIChatModel, AdapterHost]] = {}
    for name, engine in gateway.engines.items():
        if not isinstance(engine.model, OpenAIChatModel):
            continue
        spec, host = engine.spec, VllmAdapters(engine.spec.url, _key(engine.spec, settings))
        is_embedded = settings.embedded_engine and spec.url == settings.engine_base_url
        if is_embedded and settings.vllm_python is None:
            llama = LlamaCppAdapters(spec.url, adapters_file(settings))
            found[name] = (spec.served_model, engine.model, llama)
        else:
            found[name] = (spec.served_model, engine.model, host)
    return found


def build_chat_model(settings: Settings, store: ModelStore) -> ChatModel:
    """The client of the engine in the settings. Raises ModelError for a missing tokenizer."""
    return _client(_only_engine(settings, store), settings, store)


def styles(gateway: Gateway, store: ModelStore) -> Mapping[str, Style]:
    """The prompt style of each engine's model, if the registry has one."""
    found = {}
    for name, engine in gateway.engines.items():
        spec = store.registry.find(engine.spec.served_model)
        found[name] = STYLES[spec.prompt_style] if spec is not None else ANSWER
    return found


def _only_engine(settings: Settings, store: ModelStore) -> EngineSpec:
    """The engine of the settings where there is no engines.toml."""
    only = EngineSpec(name=chat_model_name(settings, store))
    return _with_model(_of_settings(only, settings, store), settings, store)


def _with_model(spec: EngineSpec, settings: Settings, store: ModelStore) -> EngineSpec:
    """The entry, completed by what the registry knows of its model and, last, by the temperature
    of the settings."""
    model = store.registry.find(spec.served_model)
    given = spec.model_dump(exclude_unset=True)
    complete = {**(model.engine if model is not None else {}), **given}
    for name in ("sampling", "sampling_thinking"):
        complete[name] = {"temperature": settings.temperature, **complete.get(name, {})}
    return EngineSpec.model_validate(complete)


def _of_settings(spec: EngineSpec, settings: Settings, store: ModelStore) -> EngineSpec:
    """The entry without an address, completed from the settings."""
    usual: dict[str, object] = {
        "model": chat_model_name(settings, store),
        "protocol": settings.engine_protocol,
        "context_tokens": settings.context_tokens,
        "base_url": settings.engine_base_url,
        "tokenizer": settings.tokenizer,
    }
    if settings.embedded_engine:
        usual |= {"max_running": _EMBEDDED_RUNNING, "max_waiting": _EMBEDDED_WAITING}
    given = spec.model_dump(exclude_unset=True, exclude={"base_url"})
    return EngineSpec.model_validate({**usual, **given})


def _client(spec: EngineSpec, settings: Settings, store: ModelStore) -> ChatModel:
    return OpenAIChatModel(
        spec.url,
        spec.served_model,
        QwenTokenizer(store.tokenizer(tokenizer_name(spec, settings, store))),
        render=render_chatml if spec.protocol == "completions" else None,
        api_key=_key(spec, settings),
        context_tokens=spec.context_tokens,
        connect_timeout_s=settings.connect_timeout_s,
        first_token_timeout_s=settings.first_token_timeout_s,
        stall_timeout_s=settings.stall_timeout_s,
        thinking=spec.thoughts,
        sampling=spec.sampling,
        sampling_thinking=spec.sampling_thinking,
    )


def _key(spec: EngineSpec, settings: Settings) -> str:
    if spec.api_key_env:
        key = secret(spec.api_key_env)
        if not key:
            raise EnginesInvalid(
                f"engine {spec.name!r}: the environment variable {spec.api_key_env} is not set"
            )
        return key
    if spec.url == settings.engine_base_url:
        return settings.engine_api_key.get_secret_value()
    return ""


def chooses_by_measuring(settings: Settings) -> bool:
    """Whether nobody has said which model the embedded llama.cpp runs."""
    configured = settings.chat_model or settings.vllm_python or settings.engines_path
    return settings.embedded_engine and not configured
