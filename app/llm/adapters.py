"""LoRA adapters of an engine: loaded while it serves, and named by each request.

    host = LlamaCppAdapters("http://127.0.0.1:8010/v1", wanted=Path(".zhiwen/adapters/engine.json"))
    ways = await host.bring([AdapterFiles("lora-0123456789ab", folder)])
    ways["lora-0123456789ab"]  # fields of a request that is answered with it, once it is loaded
    ways[BARE]                 # of one that is answered without any

Adapters are named by their content: an engine may keep prompts that it has read with one of them,
and another one of the same name would answer from these.
"""

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import httpx

BARE = ""
GGUF_FILE = "adapter.gguf"
LOADED = "loaded.json"  # beside the list of wanted ones: those that the embedded engine has

_TIMEOUT = httpx.Timeout(60.0, connect=3.0)

Ways = Mapping[str, Mapping[str, Any]]  # by adapter, the fields of a request


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """`folder` holds PEFT's files and `adapter.gguf`."""

    name: str
    folder: Path


# The conversation that the current task answers in; empty where there is none.
CONVERSATION: ContextVar[str] = ContextVar("conversation", default="")
# Whether the current task asks the challenger, whatever its share is.
IN_SHADOW: ContextVar[bool] = ContextVar("in_shadow", default=False)


@dataclass(frozen=True, slots=True)
class Challenger:
    """It answers `share` percent of the conversations, each from its first question to its last."""

    adapter: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    share: int = 0

    def takes(self, conversation_id: str) -> bool:
        """Whether the conversation is its own. One that is stays so while the share grows."""
        if not conversation_id:
            return False
        digest = sha256(f"{self.adapter}\n{conversation_id}".encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64 // 100


class AdapterHost(Protocol):
    """How one server takes adapters. Implementations: `LlamaCppAdapters`, `VllmAdapters`."""

    async def bring(self, wanted: Sequence[AdapterFiles]) -> Ways:
        """Have the server load what is missing, and say what it has loaded of them now: it may take
        a moment. Raises httpx.HTTPError where it does not answer."""


@dataclass(frozen=True, slots=True)
class LlamaCppAdapters:
    """`wanted`: the file that `app.llm.servers.swapping` reads; None for a server whose adapters
    somebody else chooses."""

    base_url: str
    wanted: Path | None = None

    async def bring(self, wanted: Sequence[AdapterFiles]) -> Ways:
        """See `AdapterHost.bring`. Every request names all scales: it must not go on from a prompt
        that was read with another adapter."""
        if self.wanted is not None:
            _add(self.wanted, [str((each.folder / GGUF_FILE).absolute()) for each in wanted])
            paths = _listed(self.wanted.with_name(LOADED))
        else:
            async with _client(self.base_url) as client:
                answer = await client.get("/lora-adapters")
                answer.raise_for_status()
            found = sorted(answer.json(), key=lambda each: int(each["id"]))
            paths = [each["path"] for each in found]
        numbers = {Path(path).parent.name: number for number, path in enumerate(paths)}
        if not numbers:
            return {BARE: {}}

        def scales(chosen: str) -> dict[str, Any]:
            return {"lora": [{"id": n, "scale": float(k == chosen)} for k, n in numbers.items()]}

        names = {each.name for each in wanted} & numbers.keys()
        return {name: scales(name) for name in (BARE, *sorted(names))}


@dataclass(frozen=True, slots=True)
class VllmAdapters:
    """vLLM with `--enable-lora` and runtime loading, which must only be reachable from here."""

    base_url: str
    api_key: str = ""

    async def bring(self, wanted: Sequence[AdapterFiles]) -> Ways:
        """See `AdapterHost.bring`. Nothing is unloaded: somebody else may still ask for it, and
        vLLM keeps on the card what was used last."""
        async with _client(self.base_url, self.api_key) as client:
            answer = await client.get("/v1/models")
            answer.raise_for_status()
            present = {model["id"] for model in answer.json()["data"]}
            for each in wanted:
                if each.name not in present:
                    body = {"lora_name": each.name, "lora_path": str(each.folder.absolute())}
                    (await client.post("/v1/load_lora_adapter", json=body)).raise_for_status()
        return {BARE: {}, **{each.name: {"model": each.name} for each in wanted}}


def _add(path: Path, files: Sequence[str]) -> None:
    """Add to the list at its end, so that earlier ones keep their numbers."""
    listed = _listed(path)
    new = [file for file in files if file not in listed]
    if not new:
        return
    part = path.with_suffix(".part")
    part.write_text(json.dumps([*listed, *new]), "utf-8")
    part.replace(path)


def _listed(path: Path) -> list[str]:
    try:
        found: list[str] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # nothing was ever wanted
        return []
    return found


def _client(base_url: str, api_key: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    root = base_url.rstrip("/").removesuffix("/v1")
    return httpx.AsyncClient(base_url=root, headers=headers, timeout=_TIMEOUT, trust_env=False)
