"""Every format is read by the libraries that train on it: datasets, and TRL's trainers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, load_dataset  # type: ignore[import-untyped]  # ships no types
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import (  # type: ignore[attr-defined]  # imported lazily by trl
    DPOConfig,
    DPOTrainer,
    KTOConfig,
    KTOTrainer,
    SFTConfig,
    SFTTrainer,
)
from trl.data_utils import (
    apply_chat_template,
    extract_prompt,
    is_conversational,
    is_conversational_from_value,
    maybe_convert_to_chatml,
    unpair_preference_dataset,
)

from app.llm.messages import Message
from app.rag.prompting.prompt import render_chatml
from app.tuning import FORMATS, Format, RatedAnswer, export, jsonl, to_chatml_text
from tests.tuning.samples import NASTY, prompt, rated

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LONG = "一段很长的资料。" * 4_000

ITEMS: list[RatedAnswer] = [
    rated(1),
    rated(2, prompt=prompt("那病假呢？", NASTY, NASTY, "年假有10天[1]。"), answer=NASTY + "[1]。"),
    rated(3, rating="down", correction=NASTY),
    rated(4, prompt=prompt("总结一下", LONG), rating="down", correction=LONG),
    rated(5, prompt=prompt("Q?", "S", "A?", "B", "C?", "D"), rating="down", correction="“对”"),
]

Load = Callable[[Format], Dataset]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a format's file and read it back with datasets."""

    def write_and_read(format: Format) -> Dataset:
        path = tmp_path / f"{format}.jsonl"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(jsonl(export(ITEMS, format)[0]))
        data = load_dataset(
            "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert isinstance(data, Dataset)
        return data

    return write_and_read


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level, so that decoding gives every text back, with ChatML's control tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(
        [AddedToken(t, special=True) for t in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    )
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers' own
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = TEMPLATE
    return fast


def tiny_qwen(tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen2ForCausalLM(config)


def options(tmp_path: Path) -> dict[str, Any]:
    return {
        "output_dir": str(tmp_path / "out"),
        "report_to": "none",
        "use_cpu": True,
        "max_length": None,
    }


def prepared(trainer: Any) -> list[dict[str, Any]]:
    """What the trainer made of its file, row by row."""
    return list(trainer.train_dataset)


@pytest.mark.parametrize("format", FORMATS)
def test_datasets_reads_back_what_was_exported(load: Load, format: Format) -> None:
    assert load(format).to_list() == export(ITEMS, format)[0]


@pytest.mark.parametrize("format", FORMATS)
def test_a_line_is_a_row_to_every_kind_of_reader(format: Format) -> None:
    rows, _ = export(ITEMS, format)
    text = "".join(jsonl(rows))
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert "年假" in text  # not escaped
    assert text.encode("utf-8").decode("utf-8") == text


def test_prompts_are_the_served_messages() -> None:
    served = [[{"role": m.role, "content": m.content} for m in item.prompt] for item in ITEMS]
    assert [r["messages"][:-1] for r in export(ITEMS, "messages")[0]] == served
    assert [r["prompt"] for r in export(ITEMS[2:], "dpo")[0]] == served[2:]
    kto = export(ITEMS, "kto")[0]
    assert all(row["prompt"] in served for row in kto)


def test_sft_trains_on_the_served_text(
    load: Load, tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    decode: Any = tokenizer.decode
    data = load("messages")
    assert is_conversational(data[0])
    trainer = SFTTrainer(
        model=tiny_qwen(tokenizer),
        args=SFTConfig(**options(tmp_path)),
        train_dataset=data,
        processing_class=tokenizer,
    )
    for item, row in zip(ITEMS, prepared(trainer), strict=True):
        text = decode(row["input_ids"])
        served = render_chatml(item.prompt)
        assert text.startswith(served)
        assert text[len(served) :] == f"{item.correction or item.answer}<|im_end|>\n"


def test_dpo_pairs_are_read(load: Load, tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    data = load("dpo")
    assert is_conversational(data[0])
    assert extract_prompt(data[0])["chosen"] == data[0]["chosen"]
    trainer = DPOTrainer(
        model=tiny_qwen(tokenizer),
        ref_model=tiny_qwen(tokenizer),
        args=DPOConfig(**options(tmp_path)),
        train_dataset=data,
        processing_class=tokenizer,
    )
    for item, row in zip(ITEMS[2:], prepared(trainer), strict=True):
        assert tokenizer.decode(row["prompt_ids"]) == render_chatml(item.prompt)
        assert tokenizer.decode(row["chosen_ids"]) == f"{item.correction}<|im_end|>\n"
        assert tokenizer.decode(row["rejected_ids"]) == f"{item.answer}<|im_end|>\n"


def test_kto_labels_are_read(
    load: Load, tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    data = load("kto")
    assert is_conversational(data[0])
    trainer = KTOTrainer(
        model=tiny_qwen(tokenizer),
        ref_model=tiny_qwen(tokenizer),
        args=KTOConfig(**options(tmp_path), per_device_train_batch_size=2),
        train_dataset=data,
        processing_class=tokenizer,
    )
    read = [
        (tokenizer.decode(r["prompt_ids"]), tokenizer.decode(r["completion_ids"]), r["label"])
        for r in prepared(trainer)
    ]
    wanted = [(i, i.answer, i.rating == "up") for i in ITEMS]
    wanted += [(i, i.correction, True) for i in ITEMS if i.correction]
    assert sorted(read) == sorted(
        (render_chatml(item.prompt), f"{text}<|im_end|>\n", label) for item, text, label in wanted
    )


def test_unpaired_dpo_rows_are_kto_rows(load: Load) -> None:
    pairs = unpair_preference_dataset(load("dpo"))
    kto = export(ITEMS[2:], "kto")[0]
    assert sorted(map(repr, pairs.to_list())) == sorted(map(repr, kto))


def test_sharegpt_is_the_same_conversation(load: Load) -> None:
    rows = load("sharegpt")
    role = {"system": "system", "human": "user", "gpt": "assistant"}
    for row, wanted in zip(rows, export(ITEMS, "messages")[0], strict=True):
        assert is_conversational_from_value(row)
        assert [t["from"] for t in row["conversations"]][:2] == ["system", "human"]
        turns = maybe_convert_to_chatml(row)["messages"]
        assert [{"role": role[t["role"]], "content": t["content"]} for t in turns] == wanted[
            "messages"
        ]


def test_alpaca_holds_every_turn(load: Load) -> None:
    for row, item in zip(load("alpaca"), ITEMS, strict=True):
        turns = [Message("system", row["system"])]
        for question, answer in row["history"]:
            turns += [Message("user", question), Message("assistant", answer)]
        turns.append(Message("user", row["instruction"]))
        assert tuple(turns) == item.prompt
        assert (row["input"], row["output"]) == ("", item.correction or item.answer)


def test_files_without_history_or_without_a_system_text_are_read(tmp_path: Path) -> None:
    bare = rated(1, prompt=(Message("user", "年假有几天？"),))
    for format in ("sharegpt", "alpaca"):
        rows, _ = export([bare], format)
        path = tmp_path / format
        path.write_text("".join(jsonl(rows)), encoding="utf-8", newline="\n")
        data = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path))
        assert data.to_list() == rows


@pytest.mark.parametrize("format", ["messages", "dpo", "kto"])
def test_chatml_text_is_what_the_tokenizers_template_gives(
    format: Format, tokenizer: PreTrainedTokenizerFast
) -> None:
    for row in export(ITEMS, format)[0]:
        text = to_chatml_text(row, render_chatml)
        turns = row.get("messages")
        split = {"prompt": turns[:-1], "completion": turns[-1:]} if turns else row
        wanted = apply_chat_template(split, tokenizer)  # ends every turn with a line end
        for name in ("completion", "chosen", "rejected"):
            assert text.get(name, "") + "\n" * (name in text) == wanted.get(name, "")
        assert text["prompt"] == wanted["prompt"]
        assert text.get("label") == wanted.get("label")
