"""What the trainer does before and around TRL: needs none of its environment."""

import json
from pathlib import Path

import pytest

from app.tuning.trainer.checkpoints import newest_whole
from app.tuning.trainer.errors import NothingToTrain, PlanInvalid
from app.tuning.trainer.machine import disk_needed, memory_needed
from app.tuning.trainer.plan import ROWS, Plan, TrainSettings, read_plan
from app.tuning.trainer.progress import ProgressFile, read_progress
from app.tuning.trainer.rows import prepare


def characters(text: str) -> list[int]:
    return [ord(char) for char in text]


def write_rows(folder: Path, *rows: dict[str, object]) -> None:
    (folder / ROWS).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_a_row_that_would_lose_words_of_its_target_is_refused_and_counted(tmp_path: Path) -> None:
    write_rows(
        tmp_path,
        {"prompt": "问题", "completion": "十五天"},
        {"prompt": "很长的问题" * 3, "completion": "十五天"},
    )
    found = prepare(tmp_path, "sft", characters, 10)
    assert (len(found.rows), found.too_long, found.longest) == (1, 1, 5)
    (row,) = found.rows
    assert row["completion_mask"] == [0, 0, 1, 1, 1]
    assert "".join(map(chr, row["input_ids"])) == "问题十五天"
    with pytest.raises(NothingToTrain, match="2 have more"):
        prepare(tmp_path, "sft", characters, 4)


def test_the_longer_of_two_answers_counts(tmp_path: Path) -> None:
    write_rows(tmp_path, {"prompt": "问题", "chosen": "十五天", "rejected": "很长很长的回答"})
    assert prepare(tmp_path, "dpo", characters, 9).longest == 9
    with pytest.raises(NothingToTrain):
        prepare(tmp_path, "dpo", characters, 8)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = Plan("kto", tmp_path / "base", TrainSettings(rank=8, epochs=1.5))
    plan.write(tmp_path)
    assert read_plan(tmp_path) == plan
    assert plan.settings.rate("kto") < plan.settings.rate("dpo") < plan.settings.rate("sft")
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(PlanInvalid):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"rank": 17}, {"rank": 0}, {"epochs": 0}, {"max_tokens": -1}, {"minutes": -1}]
)
def test_what_no_engine_takes_is_not_trained(wrong: dict[str, int]) -> None:
    with pytest.raises(PlanInvalid):
        TrainSettings(**wrong)  # type: ignore[arg-type]  # names of fields


def test_progress_survives_half_a_line_and_steps_made_twice(tmp_path: Path) -> None:
    now = iter([0.0, 10.0, 20.0, 100.0, 104.0])
    path = tmp_path / "progress.jsonl"
    first = ProgressFile(path, lambda: next(now))
    first.begin(0)
    first.write(1, 4, 2.0)
    first.write(2, 4, 1.5)
    with path.open("a") as file:
        file.write('{"step": 3, "st')  # killed here
    again = ProgressFile(path, lambda: next(now))
    again.begin(1)
    again.write(2, 4, 1.4)
    assert read_progress(path) == [
        {"step": 1, "steps": 4, "loss": 2.0, "seconds_left": 30},
        {"step": 2, "steps": 4, "loss": 1.4, "seconds_left": 8},
    ]
    assert read_progress(tmp_path / "none") == []


def test_the_newest_whole_checkpoint_counts(tmp_path: Path) -> None:
    assert newest_whole(tmp_path / "none") is None
    for step, state in ((2, '{"global_step": 2}'), (10, '{"global_step": 10}'), (12, '{"glo')):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "trainer_state.json").write_text(state)
    (tmp_path / "checkpoint-14").mkdir()
    found = newest_whole(tmp_path)
    assert found is not None
    assert found.name == "checkpoint-10"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-2"]


def test_longer_rows_and_larger_ranks_need_more(tmp_path: Path) -> None:
    shape = {"hidden_size": 896, "num_hidden_layers": 24, "intermediate_size": 4864}
    (tmp_path / "config.json").write_text(json.dumps(shape))
    (tmp_path / "model.safetensors").write_bytes(bytes(1000))
    plan = Plan("sft", tmp_path)
    assert memory_needed(plan, 500) < memory_needed(plan, 1000)
    assert memory_needed(plan, 500) < memory_needed(Plan("dpo", tmp_path), 500)
    assert disk_needed(Plan("sft", tmp_path, TrainSettings(rank=4))) < disk_needed(plan) < 1 << 30
