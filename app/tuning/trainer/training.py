"""Training itself, by TRL and PEFT."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.tuning.trainer.checkpoints import newest_whole
from app.tuning.trainer.loss import scoring_targets_only
from app.tuning.trainer.machine import check_machine
from app.tuning.trainer.plan import ADAPTER, CHECKPOINTS, PROGRESS, REPORT, Plan, read_plan
from app.tuning.trainer.progress import ProgressFile, read_progress
from app.tuning.trainer.rows import Prepared, prepare

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Trainer

_CHECKPOINTS_EVERY = 10  # a tenth of the steps is lost to a kill -9 at most
_KEPT_CHECKPOINTS = 2
_WARM_UP = 0.1  # of the steps


def train(folder: Path) -> None:
    """Train what `folder` plans, from its newest checkpoint on. Raises TrainingError."""
    from transformers import AutoTokenizer

    began = time.monotonic()
    plan = read_plan(folder)
    tokenizer = AutoTokenizer.from_pretrained(plan.base)
    prepared = prepare(
        folder,
        plan.method,
        lambda text: list(tokenizer(text, add_special_tokens=False)["input_ids"]),
        plan.settings.max_tokens,
    )
    check_machine(plan, prepared.longest, folder)
    trainer = _trainer(plan, prepared, tokenizer, folder)
    checkpoint = newest_whole(folder / CHECKPOINTS)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.save_model(str(folder / ADAPTER))
    curve = read_progress(folder / PROGRESS)
    report = {
        "rows": len(prepared.rows),
        "too_long": prepared.too_long,
        "longest": prepared.longest,
        "steps": trainer.state.global_step,
        "loss": curve[-1]["loss"] if curve else None,
        "seconds": round(time.monotonic() - began),
        "resumed_at": int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        "versions": _versions(),
    }
    part = folder / f"{REPORT}.part"
    part.write_text(json.dumps(report, indent=1), "utf-8")
    part.replace(folder / REPORT)  # last of all: where it is, the adapter is whole


def _trainer(
    plan: Plan, prepared: Prepared, tokenizer: "PreTrainedTokenizerBase", folder: Path
) -> "Trainer":
    import torch
    import trl
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM

    settings = plan.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    loading: dict[str, Any] = {"dtype": torch.bfloat16}
    if settings.four_bit:
        from transformers import BitsAndBytesConfig

        loading["quantization_config"] = BitsAndBytesConfig(  # type: ignore[no-untyped-call]  # theirs
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    model = AutoModelForCausalLM.from_pretrained(plan.base, **loading)
    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    steps = math.ceil(len(prepared.rows) * settings.epochs / settings.rows_per_step)
    name = plan.method.upper()
    trainer, config = getattr(trl, f"{name}Trainer"), getattr(trl, f"{name}Config")
    if plan.method == "sft" and not torch.cuda.is_available():
        trainer = scoring_targets_only(trainer)
    made: Trainer = trainer(
        model=model,
        args=config(**_arguments(plan, prepared.longest, folder, steps)),
        train_dataset=Dataset.from_list(prepared.rows),
        processing_class=tokenizer,
        peft_config=lora,
    )
    made.add_callback(_reporting(ProgressFile(folder / PROGRESS)))
    if settings.minutes:
        made.add_callback(_ending(time.monotonic() + settings.minutes * 60))
    return made


def _arguments(plan: Plan, longest: int, folder: Path, steps: int) -> dict[str, Any]:
    import torch

    settings, gpu = plan.settings, torch.cuda.is_available()
    of_method: Mapping[str, Any]
    if plan.method == "sft":  # the rows are tokens already
        of_method = {"max_length": None, "completion_only_loss": True}
    else:
        of_method = {"max_length": longest, "beta": settings.beta}
    at_once = 2 if plan.method == "kto" else 1  # KTO compares the rows of a batch
    return {
        "output_dir": str(folder / CHECKPOINTS),
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": max(1, settings.rows_per_step // at_once),
        "gradient_checkpointing": gpu,  # on a CPU time is scarcer than memory
        "max_steps": steps,
        "learning_rate": settings.rate(plan.method),
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(
            steps * _WARM_UP
        ),  # none where there are few: the first learns nothing
        "logging_steps": 1,
        "save_steps": max(1, steps // _CHECKPOINTS_EVERY),
        "save_total_limit": _KEPT_CHECKPOINTS,
        "bf16": True,  # adapters stay in float32; their products are as exact as the weights'
        "use_cpu": not gpu,
        "report_to": [],
        "push_to_hub": False,
        "disable_tqdm": True,
        "seed": settings.seed,
        **of_method,
    }


def _reporting(progress: ProgressFile) -> Any:
    from transformers import TrainerCallback

    class Reporting(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress.begin(state.global_step)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                progress.write(state.global_step, state.max_steps, float(logs["loss"]))

    return Reporting()


def _ending(at: float) -> Any:
    """Ends the training with the first step after that time on the monotonic clock."""
    from transformers import TrainerCallback

    class Ending(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_training_stop = time.monotonic() >= at

    return Ending()


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("trl", "peft", "transformers", "torch")}
