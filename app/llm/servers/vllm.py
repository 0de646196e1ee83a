"""Command line and environment variables that start vLLM on this machine.

vLLM has its own virtual environment, because it pins other versions of our dependencies. Its `vllm`
command needs a package of that name, which the CPU build does not have, so the module is run.
"""

from dataclasses import dataclass
from pathlib import Path

_KV_CACHE_GIB = 1  # the 0.5B model takes 12 KiB per token: 87,000 tokens, 20 requests of 4,096
_LORA_RANK = 16


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """`python` is that of vLLM's environment. `threads` 0: vLLM's default.

    `lora`: adapters can be loaded and unloaded over HTTP, so the address must be private.
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
            "--enforce-eager",  # compilation takes another two minutes
            *(("--enable-lora", "--max-lora-rank", str(_LORA_RANK)) if self.lora else ()),
        ]

    def environment(self) -> dict[str, str]:
        """Variables to add to the current environment."""
        threads = {"OMP_NUM_THREADS": str(self.threads)} if self.threads else {}
        return {
            "VLLM_CPU_KVCACHE_SPACE": str(_KV_CACHE_GIB),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # pinned threads starve on shared cores
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": str(self.lora),
            "VLLM_NO_USAGE_STATS": "1",
            "HF_HUB_OFFLINE": "1",
            **threads,
        }
