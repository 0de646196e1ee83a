"""The loss of the target alone equals TRL's own. Needs the environment of `make train-env`."""

import json
import subprocess
from pathlib import Path

import pytest

from app.config import Settings
from app.wiring.improvement import TrainerMissing, trainer_python
from tests.tuning import tiny_model


def test_loss_and_gradient_are_those_of_trl(tmp_path: Path) -> None:
    try:
        python = trainer_python(Settings())
    except TrainerMissing as error:
        pytest.skip(str(error))
    model = tiny_model.make(tmp_path)
    made = subprocess.run(
        [python, "-m", "tests.tuning.trainer.two_losses", model.folder],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    theirs, ours = json.loads(made.stdout.splitlines()[-1])
    assert theirs[0] > 1.0
    assert theirs[1] > 0.01
    assert ours == pytest.approx(theirs, rel=1e-3)
