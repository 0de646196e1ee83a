"""One training from its data set to the adapter's files: `python -m app.worker.training FOLDER`.

Makes the weights to train on where they are missing, writes the rows, has the training
environment's Python train, and converts the result for llama.cpp.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import app
import ingest
from app.config import Settings
from app.error_codes import leave_reason
from app.models.build.lora_gguf import write_lora_gguf
from app.models.errors import ModelError
from app.services.errors import ServiceError
from app.tuning.trainer.plan import ADAPTER, REPORT
from app.wiring.improvement import TrainerMissing, build_trainings, trainable, trainer_python
from app.wiring.models import model_store

STAGE, BASE = "stage", "base.sha256"
_TRAINER = "app.tuning.trainer"


def main() -> int:
    threading.Thread(target=_end_with_worker, name="input", daemon=True).start()
    folder = Path(sys.argv[1])
    try:
        run(Settings(), folder)
    except (TrainerMissing, ServiceError, ModelError) as error:
        leave_reason(folder, error)
        return 1
    except subprocess.CalledProcessError as error:  # it has said why itself
        return error.returncode if error.returncode > 0 else 1
    return 0


def run(settings: Settings, folder: Path) -> None:
    """Raises TrainerMissing, ServiceError, ModelError, and CalledProcessError of the trainer."""
    python = trainer_python(settings)
    request = json.loads((folder / "request.json").read_text("utf-8"))
    store = model_store(settings)
    _stage(folder, "preparing")
    base = trainable(store, request["weights"])
    (folder / BASE).write_text(store.checksum(request["weights"]), "utf-8")
    build_trainings(settings).write_plan(request, base, folder)
    _stage(folder, "training")
    if not (folder / REPORT).is_file():  # else the worker was killed once all was trained
        _train(python, folder)
    _stage(folder, "converting")
    write_lora_gguf(folder / ADAPTER, _architecture(base))


def _train(python: Path, folder: Path) -> None:
    """Its environment has none of our packages: it finds those that it needs by links."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    for package in (app, ingest):
        link = code / package.__name__
        if not link.exists():
            link.symlink_to(Path(str(package.__file__)).parent)
    environment = {**os.environ, "PYTHONPATH": str(code.absolute())}
    process = subprocess.Popen(
        [python, "-m", _TRAINER, str(folder.absolute())],
        env=environment,
        stdin=subprocess.PIPE,  # it ends when this process does
    )
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, _TRAINER)


def _architecture(base: Path) -> str:
    """As llama.cpp names it: transformers' `model_type` of the families that are trained here."""
    found = json.loads((base / "config.json").read_text("utf-8"))
    return str(found["model_type"]).replace("_", "")


def _stage(folder: Path, name: str) -> None:
    part = folder / f"{STAGE}.part"
    part.write_text(name, "utf-8")
    part.replace(folder / STAGE)


def _end_with_worker() -> None:
    """The worker holds the other end of standard input, and is gone when it closes."""
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)  # the group is our own; a checkpoint is all that is kept


if __name__ == "__main__":
    sys.exit(main())
