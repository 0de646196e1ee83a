"""From ratings to a better model in the shell: no service is needed."""

import json
from pathlib import Path

import pytest

from app.cli.improving.adapters import Alias
from app.cli.improving.dataset import Method
from app.config import Settings
from app.services.improvement.moves import ALIASES
from app.tuning.dataset import METHODS
from app.wiring.improvement import build_adapters, build_datasets
from tests.cli.shell import Shell
from tests.services.improvement.rated import rate
from tests.services.improvement.test_adapters import FAILED, PASSED, add
from tests.tuning.test_dataset import HELD_OUT, TRAINED

MODEL = "qwen"


def test_the_copied_values_are_those_of_the_services() -> None:
    assert tuple(Method) == METHODS
    assert tuple(Alias) == ALIASES


def test_data_sets_are_built_listed_shown_and_compared(zhiwen: Shell) -> None:
    db = build_datasets(Settings()).db
    nothing = zhiwen("dataset", "build", "--style", "answer")
    assert (nothing.code, "Nothing to train on" in nothing.err) == (1, True)
    rate(db, 0, TRAINED[0])
    first = json.loads(zhiwen("dataset", "build", "--style", "answer", "--json").out)
    rate(db, 1, HELD_OUT[0])
    rate(db, 2, TRAINED[1], prompt_id="qa-5/extract")
    built = zhiwen("dataset", "build", "--style", "answer").out
    assert "2 rows to train, 2 held out" in built
    assert "left out 1: Its prompt has another style than this model's." in built
    names = [line.split()[0] for line in zhiwen("dataset", "list").out.splitlines()]
    assert names[1] == first["name"]
    assert zhiwen("dataset", "show", names[0]).out == built
    changed = zhiwen("dataset", "diff", names[1], names[0]).out
    assert "+ 年假天数第1条是怎么规定的？" in changed
    assert "2 added, 0 removed, 0 moved" in changed
    assert zhiwen("dataset", "show", "sft-none").err.startswith("error: There is no data set")


def test_without_the_training_environment_its_command_is_said(
    zhiwen: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHIWEN_TRAIN_PYTHON", str(tmp_path / "none"))
    ran = zhiwen("train", "sft-1")
    assert ran.code == 1
    assert "make train-env" in ran.err


def test_an_adapter_is_promoted_and_taken_back(zhiwen: Shell) -> None:
    adapters = build_adapters(Settings())
    add(adapters, "lora-1", PASSED)
    add(adapters, "lora-2", FAILED)
    assert "did not pass the gate: Not better." in zhiwen("adapters", "promote", "lora-2").err
    assert "lora-1 is the champion of qwen" in zhiwen("adapters", "promote", "lora-1").out
    assert "Not better." in zhiwen("adapters", "show", "lora-2").out
    zhiwen("adapters", "promote", "lora-2", "--force", "--reason", "house style")
    listed = zhiwen("adapters", "list").out.splitlines()
    assert [line.split()[-1] for line in listed if "lora-2" in line] == ["champion"]
    back = zhiwen("adapters", "rollback", "--model", MODEL).out
    assert back == "qwen is served with lora-1 again\n"
    back = zhiwen("adapters", "rollback", "--model", MODEL).out
    assert back == "qwen is served without an adapter again\n"
    assert zhiwen("adapters", "rollback", "--model", MODEL).code == 1


def test_a_canary_is_begun_shown_and_ended(zhiwen: Shell) -> None:
    adapters = build_adapters(Settings())
    add(adapters, "lora-1", PASSED)
    assert "share from 1 to 99" in zhiwen("adapters", "canary", "lora-1").err
    begun = zhiwen("adapters", "canary", "lora-1", "--share", "10").out
    assert "lora-1 answers 10 % of the conversations of qwen" in begun
    shown = zhiwen("adapters", "canary", "--model", MODEL).out
    assert "challenger lora-1: 10 %, against the bare model" in shown
    assert "rated down: 0 of 0 conversations, before 0 of 0" in shown
    assert "takes about 900 rated conversations on each side" in shown
    told = json.loads(zhiwen("adapters", "canary", "--model", MODEL, "--json").out)
    assert told["watched"][0]["share"] == 10
    ended = zhiwen("adapters", "rollback", "--model", MODEL).out
    assert ended == "the canary of qwen has ended\n"
    assert "no new adapter of qwen answers" in zhiwen("adapters", "canary", "--model", MODEL).out
