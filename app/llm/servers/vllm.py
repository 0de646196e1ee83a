"""How a vLLM on this machine is started: its command line and its environment.

vLLM lives in an environment of its own, because it pins what we use in other versions. Its `vllm`
command asks for a package of that name, which the CPU build does not have: the module is run.
"""

from dataclasses import dataclass
from pathlib import Path

_KV_CACHE_GIB = 1  # the 0.5B takes 12 KiB a token: 87,000 tokens, 20 requests of 4,096
_LORA_RANK = 16


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """`python` is that of vLLM's environment. `threads` 0: as vLLM likes.

    `lora`: adapters are loaded and unloaded over HTTP, which is for a private address only.
    """

    python: Path
    model: Path
    port: int
    alias: str
    threads: int = 0
    context_tokens: int = 4096
    parallel: int = 8
    lora: bool = False

    def command(self) -> list[str]:
        """The command line. It listens on loopback only."""
        return [
            *(str(self.python), "-m", "vllm.entrypoints.openai.api_server"),
            *("--model", str(self.model), "--served-model-name", self.alias),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--max-model-len", str(self.context_tokens), "--max-num-seqs", str(self.parallel)),
            *("--dtype", "bfloat16", "--enable-prefix-caching", "--disable-uvicorn-access-log"),
            "--enforce-eager",  # compiling takes two minutes more
            *(("--enable-lora", "--max-lora-rank", str(_LORA_RANK)) if self.lora else ()),
        ]

    def environment(self) -> dict[str, str]:
        """Variables on top of those there are."""
        threads = {"OMP_NUM_THREADS": str(self.threads)} if self.threads else {}
        return {
            "VLLM_CPU_KVCACHE_SPACE": str(_KV_CACHE_GIB),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # pinned threads starve on shared cores
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": str(self.lora),
            "VLLM_NO_USAGE_STATS": "1",
            "HF_HUB_OFFLINE": "1",
            **threads,
        }
