"""DPO and KTO by the real TRL on a tiny model, started as the worker starts it.

Needs the environment of `make train-env`, and is skipped without. SFT: the line from ratings to an
adapter, tests/services/improvement/test_training_line.py.
"""

import json
import subprocess
from pathlib import Path

import pytest

from app.config import Settings
from app.tuning.trainer.plan import ADAPTER, PROGRESS, REPORT, ROWS, Method, Plan, TrainSettings
from app.tuning.trainer.progress import read_progress
from app.wiring.improvement import TrainerMissing, trainer_python
from tests.tuning import tiny_model

ROOT = Path(__file__).parents[3]
GOOD, BAD = "十五天<|im_end|>", "the sources<|im_end|>"
QUICK = TrainSettings(rank=2, learning_rate=1e-2, epochs=1.5, rows_per_step=4, threads=1)


def rows(method: Method) -> list[dict[str, object]]:
    asked = "<|im_start|>user\n问题{}：年假？<|im_end|>\n<|im_start|>assistant\n"
    prompts = [asked.format(n) for n in range(8)]
    if method == "dpo":
        return [{"prompt": p, "chosen": GOOD, "rejected": BAD} for p in prompts]
    return [
        {"prompt": p, "completion": GOOD if n % 2 else BAD, "label": bool(n % 2)}
        for n, p in enumerate(prompts)
    ]


@pytest.mark.parametrize("method", ["dpo", "kto"])
def test_preferences_are_learnt(method: Method, tmp_path: Path) -> None:
    try:
        python = trainer_python(Settings())
    except TrainerMissing as error:
        pytest.skip(str(error))
    model = tiny_model.make(tmp_path / "model")
    Plan(method, model.folder, QUICK).write(tmp_path)
    lines = [json.dumps(row) + "\n" for row in rows(method)]
    (tmp_path / ROWS).write_text("".join(lines), "utf-8")
    with subprocess.Popen(
        [python, "-m", "app.tuning.trainer", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 0, said[-2000:]
    assert (tmp_path / ADAPTER / "adapter_model.safetensors").is_file()
    assert json.loads((tmp_path / REPORT).read_text())["rows"] == 8
    losses = [step["loss"] for step in read_progress(tmp_path / PROGRESS)]
    assert len(losses) == 3
    assert losses[2] < losses[0]
