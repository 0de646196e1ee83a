"""Configuration, tokenizer and modules of multilingual-e5-small."""

from dataclasses import dataclass
from typing import Any

Piece = tuple[str, float]  # a SentencePiece piece and its log probability

# XLM-R normalises with NFKC, but drops control characters, turns invisible ones into spaces and
# keeps the full-width tilde, which Chinese text uses for ranges (5～10).
_DROPPED = r"[\x01-\x08\x0B\x0E-\x1F\x7F\x{8F}\x{9F}]"
_SPACES = r"[\t\n\f\r\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}]"
_TILDE, _TILDE_KEPT = "\uff5e", "\ue000"


@dataclass(frozen=True, slots=True)
class Header:
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    eps: float
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int
    blob_bytes: int


def folder_documents(header: Header, pieces: list[Piece]) -> dict[str, Any]:
    """The JSON files of the sentence-transformers folder, by relative path."""
    modules = "sentence_transformers.models"
    special = {name: pieces[index][0] for name, index in _special_ids(header).items()}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": header.hidden,
            "num_hidden_layers": header.layers,
            "num_attention_heads": header.heads,
            "intermediate_size": header.feed_forward,
            "vocab_size": header.vocabulary,
            "max_position_embeddings": header.positions,
            "type_vocab_size": header.token_types,
            "layer_norm_eps": 1e-12,
            "pad_token_id": header.pad,
            "hidden_act": "gelu",
            "dtype": "float32",
        },
        "tokenizer.json": _tokenizer_document(header, pieces),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.positions,
            "model_input_names": ["input_ids", "attention_mask"],
            **special,
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{modules}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{modules}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{modules}.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": header.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": header.hidden,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_cls_token": False,
        },
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }


def _special_ids(header: Header) -> dict[str, int]:
    return {
        "bos_token": header.bos,
        "cls_token": header.bos,
        "eos_token": header.eos,
        "sep_token": header.eos,
        "pad_token": header.pad,
        "unk_token": header.unk,
    }


def _tokenizer_document(header: Header, pieces: list[Piece]) -> dict[str, Any]:
    bos, eos = pieces[header.bos][0], pieces[header.eos][0]
    words = {
        "type": "Metaspace",
        "replacement": "\u2581",
        "prepend_scheme": "always",
        "split": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _special_token(index, piece)
            for index, (piece, _) in enumerate(pieces)
            if index in _special_ids(header).values() or piece == "<mask>"
        ],
        "normalizer": {"type": "Sequence", "normalizers": _normalizers()},
        "pre_tokenizer": words,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [_special(bos), _sequence("A"), _special(eos)],
            "pair": [_special(bos), _sequence("A"), _special(eos), _sequence("B"), _special(eos)],
            "special_tokens": {
                name: {"id": name, "ids": [index], "tokens": [name]}
                for name, index in ((bos, header.bos), (eos, header.eos))
            },
        },
        "decoder": words,
        "model": {
            "type": "Unigram",
            "unk_id": header.unk,
            "vocab": [list(piece) for piece in pieces],
            "byte_fallback": False,
        },
    }


def _normalizers() -> list[dict[str, Any]]:
    return [
        _replace(_DROPPED, ""),
        _replace(_SPACES, " "),
        _replace(_TILDE, _TILDE_KEPT),
        {"type": "NFKC"},
        _replace(_TILDE_KEPT, _TILDE),
        _replace(" {2,}", " "),
        {"type": "Strip", "strip_left": True, "strip_right": True},
    ]


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _special_token(index: int, content: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": index, "content": content, **flags, "special": True}


def _special(name: str) -> dict[str, Any]:
    return {"SpecialToken": {"id": name, "type_id": 0}}


def _sequence(name: str) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": 0}}
