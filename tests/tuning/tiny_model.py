"""A Qwen2 of 100,000 random weights, in both forms: what is trained on, and what llama.cpp serves.

Its words are bytes and a few merges, with ChatML's control tokens.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH, LAYERS, HEADS, KV_HEADS, FEED_FORWARD, CONTEXT = 32, 2, 4, 2, 64, 2048
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
END_OF_TURN = 2
_TEXT = [
    "年假为每年十五天，须提前一周申请。",
    "the sources do not contain the answer",
    "问题：资料",
] * 3
_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


@dataclass(frozen=True, slots=True)
class TinyModel:
    folder: Path  # of transformers
    gguf: Path


def make(into: Path) -> TinyModel:
    """Writes both forms of the same weights."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder = into / "tiny-bf16"
    folder.mkdir(parents=True)
    tokenizer = _tokenizer(folder)
    torch.manual_seed(3)
    config = Qwen2Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        intermediate_size=FEED_FORWARD,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        eos_token_id=END_OF_TURN,
        initializer_range=0.2,
    )
    model = Qwen2ForCausalLM(config).bfloat16()
    model.save_pretrained(folder)
    gguf = into / "tiny.gguf"
    _write_gguf(gguf, config, tokenizer, model.float().state_dict())
    return TinyModel(folder, gguf)


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=list(CONTROL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXT, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": CONTROL[END_OF_TURN],
        "pad_token": CONTROL[0],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return tokenizer


def _write_gguf(path: Path, config: Any, tokenizer: Any, weights: dict[str, Any]) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "qwen2")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    document = json.loads(tokenizer.to_str())
    names = [tokenizer.id_to_token(n) for n in range(tokenizer.get_vocab_size())]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(names)
    writer.add_token_types([3 if name in CONTROL else 1 for name in names])
    writer.add_token_merges([" ".join(pair) for pair in document["model"]["merges"]])
    writer.add_eos_token_id(END_OF_TURN)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    for name, tensor in weights.items():
        if name != "lm_head.weight":  # the same as the embedding
            writer.add_tensor(_gguf_name(name), tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _gguf_name(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    part, suffix = rest.rsplit(".", 1)
    return f"blk.{layer}.{_NAMES[part]}.{suffix}"
