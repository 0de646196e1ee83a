"""Run by the Python of `make train-env` with the folder of a model: prints the loss of a row, and
the length of its gradient, as TRL computes them and as `scoring_targets_only` does.
"""

import json
import sys
from typing import Any

from app.tuning.trainer.loss import IGNORED, scoring_targets_only

ROW = {"input_ids": [5, 9, 12, 7, 30, 31, 2], "labels": [*[IGNORED] * 4, 30, 31, 2]}


def main(folder: str) -> None:
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    trainer = scoring_targets_only(SFTTrainer)(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        args=SFTConfig(output_dir=f"{folder}/out", use_cpu=True, bf16=False, report_to=[]),
        train_dataset=Dataset.from_list([ROW]),
        processing_class=AutoTokenizer.from_pretrained(folder),
        peft_config=LoraConfig(target_modules="all-linear", init_lora_weights=False),
    )
    batch: dict[str, Any] = next(iter(trainer.get_train_dataloader()))
    found = []
    for compute in (SFTTrainer.compute_loss, type(trainer).compute_loss):
        trainer.model.zero_grad()
        loss = compute(trainer, trainer.model, dict(batch))
        loss.backward()
        gradients = [p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]
        found.append([float(loss), float(torch.cat(gradients).norm())])
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
