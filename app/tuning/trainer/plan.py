"""What is trained, and how: the file that the worker writes and the trainer reads.

The usual values and where they come from:

r 16, alpha 32, all linear layers  Dettmers et al., "QLoRA", 2023, section 4: all layers matter more
                                   than the rank; 16 is also the most that vLLM is started with
learning rate 2e-4 (sft)           the same, table 9; ten times that of full tuning (Schulman, "LoRA
                                   Without Regret", 2025)
1e-5 and beta 0.1 (dpo)            Rafailov et al., "Direct Preference Optimization", 2023, with the
                                   factor for LoRA
5e-6 and beta 0.1 (kto)            Ethayarajh et al., "KTO", 2024: between 5e-7 and 5e-6
3 passes, 16 rows at a step        hundreds of rows: with one pass there are too few steps
dropout 0                          QLoRA, table 9, has 0.05 to 0.1 for its far longer runs; on a CPU
                                   its random draws are 30 % of the time
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.tuning.trainer.errors import PlanInvalid

PLAN, ROWS, PROGRESS, REPORT, ADAPTER, CHECKPOINTS = (
    "plan.json",
    "rows.jsonl",
    "progress.jsonl",
    "report.json",
    "adapter",
    "checkpoints",
)
MAX_RANK = 16  # `--max-lora-rank` of vLLM, app/llm/servers/vllm.py
LEARNING_RATE = {"sft": 2e-4, "dpo": 1e-5, "kto": 5e-6}

Method = Literal["sft", "dpo", "kto"]


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """`learning_rate` 0: the usual one of the method. `max_tokens`: of a row, prompt and target;
    longer rows are refused, never cut. `threads` 0: those of torch. `four_bit`: QLoRA, on a GPU
    with bitsandbytes. `minutes`: training ends after so long, however many steps were made; 0:
    after the last one."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 0.0
    epochs: float = 3.0
    rows_per_step: int = 16
    max_tokens: int = 4096
    beta: float = 0.1
    seed: int = 1
    threads: int = 0
    four_bit: bool = False
    minutes: float = 0.0

    def __post_init__(self) -> None:
        """Raises PlanInvalid."""
        if not 1 <= self.rank <= MAX_RANK:
            raise PlanInvalid(f"rank {self.rank}: engines allow 1 to {MAX_RANK}")
        if min(self.epochs, self.rows_per_step, self.max_tokens, self.alpha) <= 0:
            raise PlanInvalid("epochs, rows_per_step, max_tokens and alpha must be positive")
        if self.minutes < 0:
            raise PlanInvalid("minutes must not be negative")

    def rate(self, method: Method) -> float:
        return self.learning_rate or LEARNING_RATE[method]


@dataclass(frozen=True, slots=True)
class Plan:
    """`base`: folder of the weights in transformers' format."""

    method: Method
    base: Path
    settings: TrainSettings = field(default_factory=TrainSettings)

    def write(self, folder: Path) -> None:
        document = {**asdict(self), "base": str(self.base)}
        (folder / PLAN).write_text(json.dumps(document, indent=1), "utf-8")


def read_plan(folder: Path) -> Plan:
    """Raises PlanInvalid."""
    try:
        found: dict[str, Any] = json.loads((folder / PLAN).read_text("utf-8"))
        settings = TrainSettings(**found["settings"])
        return Plan(found["method"], Path(found["base"]), settings)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlanInvalid(f"{folder / PLAN}: {error}") from error
